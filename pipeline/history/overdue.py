"""What should have run, or brought something, and has not: the dead man's check.

Belongs here: judging a deployment by the runs that are known of every host. Not here: those runs
(``past.py``), telling somebody (``deployments/notify.py``).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from pipeline.deployments.deployment import PATIENCE, as_text
from pipeline.deployments.reading import Deployed
from pipeline.history.run import Run

BRINGS_WHAT_IS_NEW: Final = ("LoadAll", "LoadPublished")
"""Tasks that are done when nothing new is published; any other says so by its exit code."""


def overdue(
    deployed: Deployed, runs: Sequence[Run], since: datetime, now: datetime, days: int | None
) -> Iterator[str]:
    """Yield what is overdue about a deployment, in words; nothing where nothing is.

    ``since`` is when it was written, from when on it is judged where it has never run; without
    ``days``, nothing may have run since a scheduled time for as long as a run may take.
    """
    own = [run for run in runs if run.deployment == deployed.name]
    began, ended = max(((run.started or run.ended, run.ended) for run in own),
                       default=(since, since))  # fmt: skip
    if _is_late(deployed, began, ended, now, days):
        last = f"the last time was {_day(ended)}" if own else "it never has"
        yield f"nothing has run for {_days(now - ended)}; {last}"
    elif own and deployed.deployment.task in BRINGS_WHAT_IS_NEW:
        yield from _nothing_new(deployed, own, runs, now)


def _is_late(
    deployed: Deployed, began: datetime, ended: datetime, now: datetime, days: int | None
) -> bool:
    if days is not None:
        return now - ended > timedelta(days=days)
    what = deployed.deployment
    grace = PATIENCE + what.timeout * (what.retries + 1)
    return what.schedule.after(began) + grace < now


def _nothing_new(
    deployed: Deployed, own: Sequence[Run], runs: Iterable[Run], now: datetime
) -> Iterator[str]:
    """Whoever brought a month where the deployment brings them, it is something new."""
    to = own[0].is_to_postgres
    came = [run.ended for run in runs
            if run.months_loaded and run.is_to_postgres == to]  # fmt: skip
    newest = max(came, default=min(run.ended for run in own))
    if now - newest > deployed.deployment.late_after:
        allowed = as_text(deployed.deployment.late_after)
        yield f"nothing new has come for {_days(now - newest)}; expected within {allowed}"


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span.days != 1 else "1 day"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"
