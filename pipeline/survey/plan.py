"""What a run would do, month by month, as the tasks themselves decide it.

Belongs here: which months are meant, from which stage each would start, and why. Not here: what
that costs (``cost.py``), how it is shown, and doing it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.core.errors import BadRequest
from pipeline.core.month_task import MonthTask
from pipeline.core.months import FIRST_MONTHS, TripMonth
from pipeline.download.task import PublishedMonth, is_future, today
from pipeline.ranges.asked import known_key, known_services, ordered_months
from pipeline.ranges.many_months import is_there
from pipeline.ranges.task import ended_months
from pipeline.survey.mend import loading
from pipeline.survey.verdict import WAYS, Judged, Verdict, judged

STAGES: Final = {
    "DownloadMonth": "download",
    "NormalizeMonth": "normalize",
    "UploadMonthToGCS": "lake",
    "LoadMonthToBQ": "bigquery",
    "LoadMonthToPostgres": "postgres",
}
"""What each task's stage is called."""
OLDEST: Final = "yellow"
BEGIN: Final = f"{FIRST_MONTHS[OLDEST]:%Y-%m}"
"""The first month of the oldest service."""


@dataclass(frozen=True)
class Asked:
    """The months that are meant: of these services, from ``start`` to ``stop``, both included.

    ``start`` and ``stop`` are ``2021-01``. Without ``start`` it is each service's first month;
    without ``stop`` all that are published are meant.
    """

    to: str
    services: Sequence[str]
    start: str | None
    stop: str | None

    def months(self) -> list[TripMonth]:
        """Return the months by service, without those before a service began.

        Raises:
            BadRequest: there is no such service or month, or no month is meant.
        """
        services = known_services(self.services)
        if months := [month for service in services for month in self._of(service)]:
            return months
        raise BadRequest(
            "no month is meant",
            seen=f"{self.start or 'the first'} to {self.stop or 'the last'}",
            expected=", ".join(f"{each} from {FIRST_MONTHS[each]:%Y-%m}" for each in services),
        )

    def _of(self, service: str) -> list[TripMonth]:
        ended, first = ended_months(service), known_key(self.start or BEGIN)
        if self.stop is None:
            return [month for month in ended if month.key >= first]
        begin, end = TripMonth.parse(OLDEST, first), TripMonth.parse(OLDEST, self.stop)
        named = [
            month for month in ordered_months(begin, end, today()) if month.key >= ended[0].key
        ]
        return [TripMonth(service, month.year, month.month) for month in named]


@dataclass(frozen=True)
class Step:
    """What a run would do with a month: ``stages`` in order, empty where it leaves it alone."""

    month: TripMonth
    judged: Judged
    stages: tuple[str, ...]


def planned(asked: Asked, recheck: bool = False) -> list[Step]:
    """Return what a run would do with each month that is meant, by service and month.

    A month that is not published is among them where it was named, and nowhere else: there a run
    asks the publisher itself. With ``recheck`` the publisher is asked about every one, so that
    those that it has replaced, or published since, are known.

    Raises:
        BadRequest: what was asked for cannot be meant.
        Transient, Terminal: a service does not answer, or refuses.
    """
    months = asked.months()
    if recheck:
        from pipeline.download.recheck import recheck as ask_again

        ask_again(month for month in months if not is_future(month, today()))
    known, not_ended = judged(asked.to), Judged(Verdict.NOT_PUBLISHED, "it has not ended", None)
    steps = [_step(asked.to, month, known.get(month, not_ended)) for month in months]
    is_named = asked.stop is not None
    return [step for step in steps
            if is_named or step.judged.verdict is not Verdict.NOT_PUBLISHED]  # fmt: skip


def _step(to: str, month: TripMonth, seen: Judged) -> Step:
    if seen.verdict in (Verdict.DONE, Verdict.NOT_PUBLISHED):
        return Step(month, seen, ())
    if seen.state is None:
        return Step(month, seen, tuple(STAGES[task] for task in WAYS[to]))
    task = loading(to, month)
    is_left = seen.verdict is Verdict.STALE and is_there(task)
    lacking = [] if is_left else [task, *_lacking(task)]
    return Step(month, seen, tuple(STAGES[each.task_family] for each in reversed(lacking)))


def _lacking(task: MonthTask) -> Iterator[MonthTask]:
    """Yield the tasks before this one that Luigi would run, last first: up to one that is done.

    The publisher is not asked: that the month is published is what the plan rests on.
    """
    before: MonthTask = task.requires()  # type: ignore[no-untyped-call]
    if not isinstance(before, PublishedMonth) and not is_there(before):
        yield before
        yield from _lacking(before)
