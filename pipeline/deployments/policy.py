"""What an exit code means for a deployment: be quiet, try again, or tell somebody.

Belongs here: the contract of exit codes as cron needs it. Not here: running, or how somebody is
told (``notify.py``).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from pipeline.deployments.records import RunRecord

DONE, NOT_PUBLISHED, NOT_RUN, FAILED = 0, 20, 25, 30
RESULTS: Final = {
    DONE: "done",
    1: "could not start",
    2: "could not start",
    4: "could not start",
    NOT_PUBLISHED: "not published yet",
    NOT_RUN: "not run",
    FAILED: "failed",
    35: "could not be scheduled",
    40: "crashed",
}
OVERLAPPED: Final = "still running"
"""The result of a run that found another one of its deployment under way."""
HOPELESS: Final = {DONE, 1, 2, 4, NOT_PUBLISHED}
"""Trying again at once changes nothing."""


def result_of(code: int) -> str:
    """Return an exit code in words; a negative one is the signal that ended the run."""
    return RESULTS.get(code, f"killed by signal {-code}" if code < 0 else "failed")


def tries_for(code: int, retries: int) -> int:
    """Return how many tries a run may have whose last one ended with ``code``.

    Who lost to another worker comes once more, whatever ``retries`` says.
    """
    if code in HOPELESS:
        return 1
    return max(2, retries + 1) if code == NOT_RUN else retries + 1


def is_news(record: RunRecord, earlier: Iterable[RunRecord], late_after: timedelta) -> bool:
    """Return whether somebody must hear of a run; ``earlier`` ones come newest first.

    A month that is not published is no news until it has been so for ``late_after``; nor is a run
    that found another one under way.
    """
    if record.code == NOT_PUBLISHED:
        return record.ended_at - _waiting_since(record, earlier) > late_after
    return record.code != DONE and record.result != OVERLAPPED


def _waiting_since(record: RunRecord, earlier: Iterable[RunRecord]) -> datetime:
    """Return when the unbroken row of runs began that found nothing published."""
    since = record.started_at
    for run in earlier:
        if run.code == NOT_PUBLISHED:
            since = run.started_at
        elif run.result != OVERLAPPED:
            break
    return since
