"""The base of every task about one month: its parameters.

Belongs here: what all stages' tasks about a month share. Not here: any stage's work.
"""

from functools import cached_property
from typing import Any, TypeVar, cast

import luigi

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.core.publication_task import PublicationTask

T = TypeVar("T", bound=luigi.Task)


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
    """

    service: luigi.StrParameter = luigi.StrParameter(
        default="yellow", description="yellow | green | fhv | fhvhv"
    )
    year: WholeNumber = WholeNumber(description="the file's year, e.g. 2021")
    month: WholeNumber = WholeNumber(description="the file's month, 1 to 12")

    @cached_property
    def trip_month(self) -> TripMonth:
        """The month; raises BadRequest where there can be none."""
        return TripMonth(self.service, int(self.year), int(self.month))

    @property
    def subject(self) -> TripMonth:
        """The month."""
        return self.trip_month

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
