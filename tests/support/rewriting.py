"""A process that rewrites one month and may die of it: weather, made repeatable.

``python -m support.rewriting DATA_DIR SERVICE MONTH [MOMENT]`` where MOMENT is a row count (killed
once that many are written), a dotted function name (killed as it is called) or ``full`` (no file
may grow beyond 64 KB). Prints the error, if there is one of the pipeline's own, and nothing else.
"""

import logging
import resource
import signal
import sys
from pathlib import Path

import luigi
from support.dying_worker import die, die_at_call

from pipeline.core.errors import PipelineError
from pipeline.core.months import TripMonth
from pipeline.download.target import RawTarget
from pipeline.normalize import rewrite
from pipeline.normalize.target import CanonicalMonthTarget

SETTINGS = {"batch_rows": "10000", "row_group_rows": "10000", "max_quarantined_share": "0.5"}


def main(data_dir: str, service: str, key: str, moment: str = "") -> None:
    month = TripMonth.parse(service, key)
    raw = RawTarget(month, Path(data_dir))
    config = luigi.configuration.get_config()
    config.add_section("normalize")
    for name, value in SETTINGS.items():
        config.set("normalize", name, value)
    target = CanonicalMonthTarget(month, Path(data_dir))

    def progress(done: int, total: int) -> None:
        if moment.isdigit() and done >= int(moment):
            die()

    logging.disable(logging.WARNING)
    arrange(moment)
    try:
        rewrite.rewrite_month(raw.provenance(), raw.path, target, progress)
    except PipelineError as error:
        sys.exit(str(error))


def arrange(moment: str) -> None:
    if moment == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    elif moment and not moment.isdigit():
        die_at_call(moment)


if __name__ == "__main__":
    main(*sys.argv[1:])
