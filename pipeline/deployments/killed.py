"""The record of a run that could keep none, since its ``tlc`` was killed: the next run keeps it.

Belongs here: what a run leaves in its lock while it is under way, and what the next makes of it.
Not here: the lock (``run.py``).
"""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from pipeline.core.outcomes import counted, of_run
from pipeline.deployments.command import month_family
from pipeline.deployments.records import RunRecord, newest_first, parsed

RESULT: Final = "killed"
TOLD: Final = "it ended without a word: kill -9, no memory, or the machine went down"


def begin(lock: IO[str], record: RunRecord) -> None:
    """Leave in the lock what is to be known of the run should it never come to its end."""
    end(lock)
    lock.write(json.dumps(asdict(record)))
    lock.flush()


def end(lock: IO[str]) -> None:
    """Leave nothing: the run has kept its record."""
    lock.truncate(0)


def killed_before(lock: IO[str], log: Path) -> RunRecord | None:
    """Return the record of the run before this one, where it kept none.

    Its task may have gone on without it: it ended when the last line was written to the log, and
    its months count.
    """
    lock.seek(0)
    left = parsed(lock.read())
    if left is None or left.run_id in {kept.run_id for kept in newest_first(left.deployment)}:
        return None
    ended = datetime.fromtimestamp(log.stat().st_mtime, UTC)
    loaded, failed = counted(of_run(left.run_id), month_family(left.command))
    return replace(left, ended=max(left.ended, ended.isoformat(timespec="seconds")),
                   months_loaded=loaded, months_failed=failed)  # fmt: skip
