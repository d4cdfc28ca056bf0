"""What the task decides without asking anybody."""

from datetime import date

import luigi
import pytest

from pipeline.core.months import TripMonth
from pipeline.download.task import DownloadMonth, PublishedMonth, is_future, megabytes

JANUARY = TripMonth("yellow", 2026, 1)


@pytest.mark.parametrize(
    ("today", "future"),
    [(date(2025, 12, 31), True), (date(2026, 1, 1), False), (date(2026, 2, 1), False)],
)
def test_a_month_is_in_the_future_until_it_begins(today, future) -> None:
    assert is_future(JANUARY, today) is future


def test_progress_is_told_in_megabytes_and_of_small_files_in_kilobytes() -> None:
    assert megabytes(12_340_000, 21_700_000) == "12.3 of 21.7 MB"
    assert megabytes(12_340_000, None) == "12.3 MB"
    assert megabytes(6_000, 12_331) == "6.0 of 12.3 kB"
    assert megabytes(12_331) == "12.3 kB"


def test_a_download_requires_the_same_month_at_its_publisher() -> None:
    required = DownloadMonth(service="green", year=2021, month=3).requires()
    assert isinstance(required, PublishedMonth)
    assert required.trip_month == TripMonth("green", 2021, 3)


def test_nobody_here_can_run_a_publication() -> None:
    assert issubclass(PublishedMonth, luigi.ExternalTask)
    assert PublishedMonth.run is None
