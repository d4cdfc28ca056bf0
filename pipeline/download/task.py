"""The task that brings one month's file to local disk, and the question whether it is published.

Belongs here: what requires what, progress, and what a run says. Not here: HTTP and files.
"""

import logging
import time
from datetime import date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import luigi

from pipeline.connections.publisher import publisher_base_url
from pipeline.core import settings
from pipeline.core.month_task import MonthTask
from pipeline.core.months import TripMonth
from pipeline.download.target import RawMonthTarget

logger = logging.getLogger(__name__)

REPORT_SECONDS: Final = 1.0


class PublishedMonth(MonthTask, luigi.ExternalTask):
    """The month at its publisher; nobody here can make it, only wait for it."""

    def complete(self) -> bool:
        """Return whether the month is published, asking the publisher once per process.

        Raises:
            Transient: the publisher is unreachable, throttles or is out of order.
        """
        if is_future(self.trip_month, _today()):
            return _not_yet(self.trip_month, "the month has not begun")
        return _is_published(publisher_base_url(), self.trip_month)


class DownloadMonth(MonthTask):
    """The month's file on local disk, byte for byte as published."""

    def requires(self) -> PublishedMonth:
        """Return the month at its publisher."""
        return self.same_month(PublishedMonth)

    def output(self) -> RawMonthTarget:
        """Return the raw file."""
        return RawMonthTarget(self.trip_month, settings.data_dir())

    def run(self) -> None:
        """Download what is missing of the file; safe to repeat and to run twice at once."""
        from pipeline.download.publisher import Publisher

        publisher = Publisher(publisher_base_url())
        url = publisher.url(self.trip_month)
        told_at = float("-inf")

        def tell(done: int, total: int | None) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= REPORT_SECONDS:
                told_at = time.monotonic()
                self.report(done / total * 100 if total else None, megabytes(done, total), url)

        record = publisher.download(self.trip_month, self.output().path, tell)
        size = megabytes(record.source_bytes)
        self.report(100, size, url)
        self.log(f"downloaded {size}, {record.source_rows:,} rows from {url}")


def is_future(month: TripMonth, today: date) -> bool:
    """Return whether the month has not begun on ``today``."""
    return month.first_day > today


def megabytes(done: int, total: int | None = None) -> str:
    """Return ``12.3 of 21.7 MB``."""
    return f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"


@cache
def _is_published(base_url: str, month: TripMonth) -> bool:
    from pipeline.download.publisher import Publisher

    publisher = Publisher(base_url)
    if publisher.probe(month) is not None:
        return True
    return _not_yet(month, f"nothing at {publisher.url(month)}")


@cache
def _not_yet(month: TripMonth, why: str) -> bool:
    logger.warning("%s is not published yet (%s)", month, why)
    return False


def _today() -> date:
    return datetime.now(ZoneInfo("America/New_York")).date()
