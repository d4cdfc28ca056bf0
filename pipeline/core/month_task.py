"""The base of every task about one month: its parameters, and making it again.

Belongs here: what all stages' tasks about a month share. Not here: any stage's work.
"""

from functools import cached_property
from typing import Any, ClassVar, Final, TypeVar, cast

import luigi
from luigi.parameter import ParameterVisibility

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.core.publication_task import PublicationTask

T = TypeVar("T", bound=luigi.Task)

STAGES: Final = {"download": 0, "normalize": 1, "lake": 2, "bigquery": 3, "postgres": 3}
"""How far on its way a month is at each; Postgres is filled from what is normalized."""


class WholeNumber(luigi.IntParameter):
    """An IntParameter whose parse error is one line."""

    def parse(self, s: Any) -> int:
        """Return ``s`` as an int; raise BadRequest where it is none."""
        try:
            return int(s)
        except ValueError:
            raise BadRequest("bad year or month", seen=repr(s), expected="a whole number") from None


class MonthTask(PublicationTask):
    """A task about ``--service``, ``--year`` and ``--month``.

    The parameters are judged when the task is asked whether it is complete, so that a month that
    cannot exist ends a run with Luigi's code for what could not be scheduled.

    With ``redo_from`` the month is made again from that stage on, although it is there: such a task
    is done when its target holds another copy than it did. The one that is there is replaced, and
    never deleted first. It is the same task to the scheduler, which lets one of them run at a time.
    """

    stage: ClassVar[str] = ""
    """Which of ``STAGES`` the task makes; empty where it makes none."""

    service: luigi.StrParameter = luigi.StrParameter(
        default="yellow", description="yellow | green | fhv | fhvhv"
    )
    year: WholeNumber = WholeNumber(description="the file's year, e.g. 2021")
    month: WholeNumber = WholeNumber(description="the file's month, 1 to 12")
    redo_from: luigi.StrParameter = luigi.StrParameter(
        default="",
        significant=False,
        visibility=ParameterVisibility.HIDDEN,
        description="make the month again, although it is there, from this stage on: "
        + " | ".join(STAGES),
    )

    @cached_property
    def trip_month(self) -> TripMonth:
        """The month; raises BadRequest where there can be none."""
        return TripMonth(self.service, int(self.year), int(self.month))

    @property
    def subject(self) -> TripMonth:
        """The month."""
        return self.trip_month

    def judge(self) -> None:
        """Raise BadRequest where there can be no such month, or no such stage."""
        _ = self.trip_month, self.is_redone

    @cached_property
    def is_redone(self) -> bool:
        """Whether this stage is made again; raises BadRequest where ``redo_from`` is none."""
        if self.redo_from and self.redo_from not in STAGES:
            raise BadRequest(
                "unknown stage",
                seen=repr(self.redo_from),
                expected=" | ".join(STAGES),
                next_step="pass --redo-from with one of these",
            )
        begin = STAGES.get(self.redo_from)
        return begin is not None and STAGES.get(self.stage, -1) >= begin

    def is_there(self) -> bool:
        """Return whether the month is there; where it is made again, as another copy than before.

        Raises:
            BadRequest: what was asked for cannot be.
        """
        is_there = super().is_there()
        if not self.is_redone:
            return is_there
        identity = self.output().identity()  # type: ignore[no-untyped-call]
        replaced = vars(self).setdefault("_replaced", identity)
        return is_there and identity != replaced

    def is_spared(self) -> bool:
        """Return whether the month turned out to be there, and say so; asked first by ``run``.

        So it is where the publisher had replaced the file by the very same bytes, which only their
        download could tell; and where another host was faster.
        """
        is_there = self.complete()
        if is_there:
            self.say("is there already, of these very bytes: nothing to replace")
        return is_there

    def same_month(self, task: type[T]) -> T:
        """Return another stage's task about the same month."""
        return cast(T, self.clone(task))  # type: ignore[no-untyped-call]
