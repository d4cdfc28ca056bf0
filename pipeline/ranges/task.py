"""The tasks about many months that a command line can name.

Belongs here: which months each of them means. Not here: how a month is named (``asked.py``), and
what all have in common (``many_months.py``).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial

import luigi

from pipeline.connections.publisher import publisher_base_url
from pipeline.core.errors import PipelineError
from pipeline.core.month_task import WholeNumber
from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.download.recheck import ask_at_once, recheck
from pipeline.download.retries import Unreachable
from pipeline.download.task import sighted, today
from pipeline.ranges.asked import (
    MonthCount,
    MonthKey,
    Names,
    between,
    known_count,
    known_key,
    known_services,
    named_months,
    ordered_months,
)
from pipeline.ranges.many_months import ManyMonths, is_there
from pipeline.schemas import published_file


class LoadMonths(ManyMonths):
    """Some months of a year."""

    service: luigi.StrParameter = luigi.StrParameter(
        default="yellow", description=" | ".join(SERVICES)
    )
    year: WholeNumber = WholeNumber(description="the files' year, e.g. 2021")
    months: Names = Names(default=(), description="the files' months, e.g. 1,2,3")

    @property
    def subject(self) -> str:
        """The months."""
        return f"{self.service} {self.year}, months {','.join(self.months)}"

    def judge(self) -> None:
        """Raise BadRequest where the list, or the destination, cannot be meant."""
        super().judge()
        self.asked_for()

    def asked_for(self) -> Iterable[TripMonth]:
        """Return the months in the order in which they were named."""
        return named_months(self.service, int(self.year), self.months)


class LoadRange(ManyMonths):
    """All months from one to another, both included."""

    service: luigi.StrParameter = luigi.StrParameter(
        default="yellow", description=" | ".join(SERVICES)
    )
    start: MonthKey = MonthKey(default="", description="the first month, e.g. 2019-01")
    stop: MonthKey = MonthKey(default="", description="the last month, e.g. 2021-12")

    @property
    def subject(self) -> str:
        """The range."""
        return f"{self.service} {self.start} to {self.stop}"

    def judge(self) -> None:
        """Raise BadRequest where the range, or the destination, cannot be meant."""
        super().judge()
        self.asked_for()

    def asked_for(self) -> Iterable[TripMonth]:
        """Return the months, oldest first."""
        first, last = (TripMonth.parse(self.service, key) for key in (self.start, self.stop))
        return ordered_months(first, last, today())


class Published(ManyMonths):
    """Published months of some services, newest first.

    Published is what the table of published months has (``schemas/published_months.csv``). Of
    months that have ended since, the publisher is asked about those that are not there, each once;
    one that it does not have yet is not meant, whether or not it has a later one.
    """

    services: Names = Names(
        default=SERVICES, description="with commas between, e.g. yellow,green; default: all"
    )

    @property
    def earliest(self) -> str:
        """The first month that is meant, ``2021-01``; empty where all are."""
        return ""

    def judge(self) -> None:
        """Raise BadRequest where the services, the first month or the destination cannot be."""
        super().judge()
        known_services(self.services)
        _ = self.earliest

    def asked_for(self) -> Sequence[TripMonth]:
        """Return the published months, newest first.

        Raises:
            BadRequest: the services or the first month cannot be.
            Transient: the publisher cannot be reached.
        """
        earliest, services = self.earliest, known_services(self.services)
        ended = [month for service in services for month in ended_months(service)]
        meant = sorted((month for month in ended if month.key >= earliest), key=_age)
        unknown = [month for month in meant if not published_file(month)]
        published = self._published([m for m in unknown if not is_there(self.loading(m))])
        return [month for month in meant if published.get(month, True)]

    def _published(self, months: Sequence[TripMonth]) -> dict[TripMonth, bool]:
        if not months:
            return {}
        return ask_at_once(partial(_is_published, publisher_base_url(), today()), months)


class LoadAll(Published):
    """Every month that is published."""

    @property
    def subject(self) -> str:
        """The services."""
        return ", ".join(self.services)


class LoadPublished(Published):
    """Every published month since one, for cron: what is not out yet is no failure.

    TLC replaces files, mostly its newest: so the publisher is asked again about each service's
    newest months. One that it has replaced since is not there, and is loaded anew.
    """

    since: MonthKey = MonthKey(default="", description="the first month, e.g. 2024-01")
    recheck_months: MonthCount = MonthCount(
        default="3",
        description="of each service, how many of its newest months are loaded anew where the "
        "publisher has replaced them; 0: none",
    )

    @property
    def subject(self) -> str:
        """The services, and since when."""
        return f"{', '.join(self.services)} since {self.since}"

    @property
    def earliest(self) -> str:
        """The first month that is meant; of a service that began later, all are."""
        return known_key(self.since)

    def judge(self) -> None:
        """Raise BadRequest as its kind does, and where no number of months is to be rechecked."""
        super().judge()
        known_count(self.recheck_months)

    def asked_for(self) -> Sequence[TripMonth]:
        """Return the published months, newest first, having asked about the newest anew.

        Where the publisher does not answer about one that is there, it counts as it did before.
        """
        most = known_count(self.recheck_months)
        months = super().asked_for()
        of_services = ([m for m in months if m.service == name][:most] for name in self.services)
        recheck(month for newest in of_services for month in newest)
        return months


def ended_months(service: str) -> list[TripMonth]:
    """Return a service's months from its first to the last that has ended, oldest first."""
    first, last = FIRST_MONTHS[service], today().replace(day=1) - timedelta(days=1)
    return between(
        TripMonth(service, first.year, first.month), TripMonth(service, last.year, last.month)
    )


def _age(month: TripMonth) -> tuple[int, int]:
    return -month.year, -month.month


def _is_published(base_url: str, on: date, month: TripMonth) -> bool:
    try:
        return sighted(base_url, on, month).is_published
    except Unreachable:
        raise
    except PipelineError:
        # The month's own task asks again and tells; the others are not to wait for this one.
        return True
