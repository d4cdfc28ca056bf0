"""A process that loads a canonical month and stops at a moment, for a test to end it there.

``python -m support.postgres_loader DATA_DIR MOMENT MONTH`` where MOMENT is ``copying`` (after the
first batch), ``indexing`` (before the first index) or ``swapping`` (waiting in one long turn for
the service's table), and MONTH is one of yellow's. Prints the moment when it is reached, and a
refusal's one line on standard error.
"""

import sys
import time
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.months import TripMonth
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.postgres import load, locks


def main(data_dir: str, moment: str, key: str) -> None:
    def reach(name: str) -> None:
        if moment == name:
            print(name, flush=True)
            if name in ("copying", "indexing"):
                time.sleep(60)

    def say(message: str) -> None:
        if message.startswith("building"):
            reach("indexing")
            reach("swapping")

    locks.FIRST_TURN = 60.0
    source = CanonicalMonthTarget(TripMonth.parse("yellow", key), Path(data_dir))
    try:
        load.load_month(source, lambda rows, size: reach("copying"), say)
    except PipelineError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
