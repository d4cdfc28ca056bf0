"""The table of published months, and the eras that must cover all of it."""

from collections import Counter

import pytest

from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.schemas import PublishedFile, published_file, published_files, service_schema


def test_every_published_month_is_of_exactly_one_era() -> None:
    for month in published_files():
        eras = [era for era in service_schema(month.service).eras if era.covers(month)]
        assert len(eras) == 1, month
        assert service_schema(month.service).era(month) is eras[0]


def test_589_files_are_known_and_none_twice() -> None:
    services = Counter(month.service for month in published_files())
    assert services == {"yellow": 212, "green": 152, "fhv": 136, "fhvhv": 89}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_known_from_its_first_month_on_without_a_gap(service: str) -> None:
    keys = [month.first_day for month in sorted(published_files()) if month.service == service]
    assert keys[0] == FIRST_MONTHS[service]
    following = [TripMonth(service, day.year, day.month).next_first_day for day in keys]
    assert keys[1:] == following[:-1]


def test_a_file_is_known_with_its_rows_its_bytes_and_when_it_was_seen() -> None:
    month = TripMonth("green", 2021, 1)
    assert published_file(month) == PublishedFile(month, 76_518, 1_333_519, "2024-08")


def test_of_a_replaced_file_the_newest_is_known_and_bytes_may_not_be() -> None:
    month = TripMonth("green", 2026, 6)
    assert published_file(month) == PublishedFile(month, 44_163, None, "2026-10-08")


def test_of_a_month_that_was_not_published_nothing_is_known() -> None:
    assert published_file(TripMonth("fhv", 2031, 1)) is None


def test_every_file_has_rows_and_was_seen_on_a_day_or_in_a_month() -> None:
    for file in published_files().values():
        assert file.rows > 0
        assert file.bytes is None or file.bytes > 0
        assert file.as_of in {"2024-08", "2026-08-12", "2026-10-08"}
