"""The base of every task about one month: its parameters, its progress, its errors.

Belongs here: what all stages' tasks share. Not here: any stage's work.
"""

import logging
from functools import cached_property
from typing import Any, TypeVar, cast

import luigi
from luigi.rpc import RPCError

from pipeline.core.errors import BadRequest, PipelineError
from pipeline.core.months import TripMonth
from pipeline.core.scheduler import choose_scheduler
from pipeline.core.settings import load_profile

logger = logging.getLogger(__name__)
T = TypeVar("T", bound=luigi.Task)


class WholeNumber(luigi.IntParameter):
    """An IntParameter whose parse error is one line."""

    def parse(self, s: Any) -> int:
        """Return ``s`` as an int; raise BadRequest where it is none."""
        try:
            return int(s)
        except ValueError:
            raise BadRequest("bad year or month", seen=repr(s), expected="a whole number") from None


class MonthTask(luigi.Task):
    """A task about ``--service``, ``--year`` and ``--month``.

    The parameters are judged when the task is asked whether it is complete, so that a month that
    cannot exist ends a run with Luigi's code for what could not be scheduled.
    """

    service: luigi.StrParameter = luigi.StrParameter(
        default="yellow", description="yellow | green | fhv | fhvhv"
    )
    year: WholeNumber = WholeNumber(description="the file's year, e.g. 2021")
    month: WholeNumber = WholeNumber(description="the file's month, 1 to 12")

    _is_unwatched = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        load_profile()
        choose_scheduler()

    @cached_property
    def trip_month(self) -> TripMonth:
        """The month; raises BadRequest where there can be none."""
        return TripMonth(self.service, int(self.year), int(self.month))

    def same_month(self, task: type[T]) -> T:
        """Return another stage's task about the same month."""
        return cast(T, self.clone(task))  # type: ignore[no-untyped-call]

    def on_failure(self, exception: BaseException) -> Any:
        """Return what the dashboard shows: one line for an expected error."""
        if isinstance(exception, PipelineError):
            return str(exception)
        return super().on_failure(exception)  # type: ignore[no-untyped-call]

    def report(self, percent: float | None = None, message: str = "", url: str = "") -> None:
        """Show progress (0-100), a message with numbers and a link on the dashboard, where one is.

        Outside a worker it does nothing, nor once luigid has gone away: work is worth more than
        its picture.
        """
        shown = {
            "set_progress_percentage": None if percent is None else round(percent),
            "set_status_message": f"{self.trip_month}: {message}" if message else None,
            "set_tracking_url": url or None,
        }
        try:
            for name, value in shown.items():
                setter = getattr(self, name, None)
                if setter is not None and value is not None and not self._is_unwatched:
                    setter(value)
        except RPCError as error:
            self._is_unwatched = True
            logger.warning("%s goes on without the dashboard: %s", self.trip_month, error)

    def log(self, message: str) -> None:
        """Log one line about this month."""
        logger.info("%s: %s", self.trip_month, message)
