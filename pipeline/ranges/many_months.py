"""The base of every task about many months: what is missing of them, and how far it is.

Belongs here: what a list, a range and all that is published have in common. Not here: which months
those are (``task.py``).

Such a task names its months while it runs, not ahead of it. So whoever did not schedule it, an
assistant that works off what others ask luigid for, can run it too; months that are there cost the
scheduler nothing; and months are begun in the order in which they are named. A month that fails,
or is not published, keeps no other from being loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final
from weakref import WeakValueDictionary

import luigi

from pipeline.bigquery.task import LoadMonthToBQ
from pipeline.core.errors import BadRequest
from pipeline.core.month_task import MonthTask
from pipeline.core.months import TripMonth
from pipeline.core.pipeline_task import PipelineTask
from pipeline.download.task import today
from pipeline.lake.task import UploadMonthToGCS
from pipeline.postgres.task import LoadMonthToPostgres

LOADING: Final[dict[str, type[MonthTask]]] = {
    "bigquery": LoadMonthToBQ,
    "postgres": LoadMonthToPostgres,
    "lake": UploadMonthToGCS,
}
DASHBOARD: Final = ("set_progress_percentage", "set_status_message")
"""What Luigi lends a task for as long as it runs."""


class ManyMonths(PipelineTask):
    """A task that is done when all its months are where ``--to`` says.

    The parameters are judged when the task is asked whether it is complete, as those of a month's
    task are. Asking costs one listing of the lake, or one query, however many months there are.
    """

    to: luigi.StrParameter = luigi.StrParameter(
        default="bigquery", description="where to bring them: " + " | ".join(LOADING)
    )

    _named: list[MonthTask] = []
    _named_on: date | None = None

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter]]:
        """Return the parameters in the order of telling: which months, and where to bring them."""
        return sorted(super().get_params(), key=lambda named: named[0] == "to")

    def asked_for(self) -> Iterable[TripMonth]:
        """Return the months that are meant, in the order of their loading; asked once a day.

        Raises:
            BadRequest: what was asked for cannot be meant.
        """
        raise NotImplementedError

    def requires(self) -> list[MonthTask]:
        """Return the tasks of all months, loaded or not: what a run's summary is made of."""
        # Not asked anew: a summary of what was done is to need no service.
        return self._named or self._name()

    def deps(self) -> list[luigi.Task]:
        """Return nothing that is to be scheduled ahead: ``run`` names the months."""
        return []

    def complete(self) -> bool:
        """Return whether every month is there.

        Raises:
            BadRequest: what was asked for cannot be meant.
            Transient, Terminal: a service does not answer, or refuses.
        """
        return not self._missing()

    def run(self) -> Iterator[list[MonthTask]]:
        """Name the months that are missing; Luigi runs this again when they are there."""
        self._dashboard = {name: getattr(self, name, None) for name in DASHBOARD}
        _under_way[self.task_id] = self
        missing = self._missing()
        self.log(self._tell(missing))
        if missing:
            yield missing

    def tell_between_runs(self) -> None:
        """Show how far it is while its months run: Luigi lets only a running task show that."""
        vars(self).update(self._dashboard)
        self._tell(self._missing())

    def loading(self, month: TripMonth) -> MonthTask:
        """Return the task that brings the month there."""
        return LOADING[self.to](
            service=month.service, year=month.year, month=month.month, deployment=self.deployment
        )

    def judge(self) -> None:
        """Raise BadRequest where the destination, or what was asked for, cannot be meant."""
        if self.to not in LOADING:
            raise BadRequest(
                "unknown destination",
                seen=repr(self.to),
                expected=" | ".join(LOADING),
                next_step="pass --to with one of these",
            )

    def _name(self) -> list[MonthTask]:
        self.judge()
        self._named_on = today()
        self._named = [self.loading(month) for month in self.asked_for()]
        return self._named

    def _missing(self) -> list[MonthTask]:
        # In a process that lives for weeks, what is published must not be what once was.
        tasks = self._named if self._named_on == today() else self._name()
        return [task for task in tasks if not is_there(task)]

    def _tell(self, missing: Sequence[MonthTask]) -> str:
        total = len(self._named)
        message = f"{total - len(missing)} of {total} months in {self.to}"
        self.report(100 - 100 * len(missing) / total if total else 100, message)
        return message


def is_there(task: MonthTask) -> bool:
    """Return whether the month is there, as it was when last asked about all months."""
    return task.complete()


_under_way: WeakValueDictionary[str, ManyMonths] = WeakValueDictionary()
"""Those that this process has begun to run, by their id."""


def _tell_those_under_way(task: MonthTask) -> None:
    for many in _under_way.values():
        if task in many.requires():
            many.tell_between_runs()


# With several processes a month ends in one where nothing was begun: then progress is shown only
# when all months are there.
MonthTask.event_handler(luigi.Event.SUCCESS)(_tell_those_under_way)  # type: ignore[no-untyped-call]
