"""The task that brings one month's file to local disk, and the question whether it is published.

Belongs here: what requires what, progress, and what a run says. Not here: HTTP and files.
"""

import logging
import time
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import luigi

from pipeline.connections.publisher import publisher_base_url
from pipeline.core import settings, sightings
from pipeline.core.errors import UNPUBLISHED
from pipeline.core.month_task import MonthTask
from pipeline.core.months import TripMonth
from pipeline.core.pipeline_task import PipelineTask
from pipeline.core.publications import Publication
from pipeline.core.sightings import Sighting, Unkept, now
from pipeline.download.kinds import PARQUET, FileKind
from pipeline.download.target import RawTarget, read_provenance

logger = logging.getLogger(__name__)

REPORT_SECONDS: Final = 1.0


class PublishedMonth(MonthTask, luigi.ExternalTask):
    """The month at its publisher; nobody here can make it, only wait for it."""

    def is_there(self) -> bool:
        """Return whether the month is published, asking the publisher once per process and day.

        Raises:
            Transient: the publisher is unreachable, throttles or is out of order.
        """
        if is_future(self.trip_month, today()):
            return _not_yet(self.trip_month, "the month has not begun")
        return is_published(self.trip_month)


class DownloadMonth(MonthTask):
    """The month's file on local disk, byte for byte as published."""

    stage = "download"

    def requires(self) -> PublishedMonth:
        """Return the month at its publisher."""
        return self.same_month(PublishedMonth)

    def output(self) -> RawTarget:
        """Return the raw file."""
        return RawTarget(self.trip_month, settings.data_dir())

    def run(self) -> None:
        """Download what is missing of the file; safe to repeat and to run twice at once."""
        download(self, self.trip_month, self.output().path, anew=self.is_redone)


def download(
    task: PipelineTask,
    wanted: Publication,
    path: Path,
    kind: FileKind = PARQUET,
    *,
    anew: bool = False,
) -> None:
    """Make ``path`` the published file, with the task's progress on the dashboard.

    With ``anew`` it is fetched although it is there.
    """
    from pipeline.download.publisher import Publisher

    base_url = publisher_base_url()
    url = wanted.url(base_url)
    told_at = float("-inf")

    def tell(done: int, total: int | None) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= REPORT_SECONDS:
            told_at = time.monotonic()
            task.report(done / total * 100 if total else None, megabytes(done, total), url)

    held = read_provenance(path, wanted)
    record = Publisher(base_url, kind).download(wanted, path, tell, anew=anew)
    if record != held:
        sightings.record(wanted.service, wanted.key, Sighting.of(record))
    size = megabytes(record.source_bytes)
    told = f"{size}, {record.source_rows:,} rows"
    task.report(100, told, url, record.source_rows)
    task.log(f"downloaded {told} from {url}")


def is_published(wanted: Publication) -> bool:
    """Return whether the file is published, and warn where it is not; see ``sighted``."""
    base_url = publisher_base_url()
    try:
        seen = sighted(base_url, today(), wanted)
    except Unkept:
        return True  # The download, which needs that folder too, fails and tells.
    return seen.is_published or _not_yet(wanted, f"nothing at {wanted.url(base_url)}")


@cache
def sighted(base_url: str, today: date, wanted: Publication) -> Sighting:
    """Return what the publisher serves of the file, asking it once per process and day.

    Every process on this machine knows it from then on, and what is held of an older version does
    not count as there any more.

    Raises:
        Transient: the publisher is unreachable, throttles or is out of order.
        Terminal: it answered what no publisher answers, or ``data_dir`` cannot be written.
    """
    from pipeline.download.exchange import shown
    from pipeline.download.publisher import Publisher

    version = Publisher(base_url).probe(wanted)
    if version is None:
        seen = Sighting.of_nothing(shown(wanted.url(base_url)))
    else:
        seen = Sighting(**asdict(version), sha256=None, seen_at=now())
    return sightings.record(wanted.service, wanted.key, seen)


def today() -> date:
    """Return the publisher's date: New York's."""
    return datetime.now(ZoneInfo("America/New_York")).date()


def is_future(month: TripMonth, today: date) -> bool:
    """Return whether the month has not begun on ``today``."""
    return month.first_day > today


def megabytes(done: int, total: int | None = None) -> str:
    """Return ``12.3 of 21.7 MB``, and what is less than a tenth of a megabyte as ``12.3 kB``."""
    unit, name = (1e6, "MB") if (total or done) >= 1e5 else (1e3, "kB")
    of = f" of {total / unit:.1f}" if total else ""
    return f"{done / unit:.1f}{of} {name}"


@cache
def _not_yet(wanted: Publication, why: str) -> bool:
    logger.warning("%s %s (%s)", wanted, UNPUBLISHED, why)
    return False
