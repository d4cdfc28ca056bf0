from datetime import date
from pathlib import Path

import pytest

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth

JANUARY = TripMonth("yellow", 2021, 1)


def test_every_name_of_a_month_is_derived_from_it():
    assert JANUARY.key == "2021-01"
    assert JANUARY.partition_id == "202101"
    assert JANUARY.table_name == "yellow_trips"
    assert JANUARY.file_name == "yellow_tripdata_2021-01.parquet"
    assert (
        JANUARY.object_name == "trips/service=yellow/month=2021-01/yellow_tripdata_2021-01.parquet"
    )
    assert (
        JANUARY.quarantine_object_name
        == "quarantine/service=yellow/month=2021-01/yellow_tripdata_2021-01.quarantine.parquet"
    )
    assert JANUARY.url("https://tlc/trip-data") == f"https://tlc/trip-data/{JANUARY.file_name}"
    assert JANUARY.first_day == date(2021, 1, 1)


def test_december_is_followed_by_january():
    assert TripMonth("green", 2023, 12).next_first_day == date(2024, 1, 1)
    assert JANUARY.next_first_day == date(2021, 2, 1)


def test_no_two_files_of_a_month_share_a_path():
    data = Path("/data")
    paths = {JANUARY.raw_path(data), JANUARY.canonical_path(data), JANUARY.quarantine_path(data)}
    assert len(paths) == 3


@pytest.mark.parametrize(
    ("service", "year", "month", "told"),
    [
        ("yellow", 2021, 13, "seen: 2021-13; expected: month 01 to 12"),
        ("yellow", 2021, 0, "seen: 2021-00;"),
        ("yellow", 2008, 12, "2009-01 or later"),
        ("yellow", 2008, 1, "seen: 2008-01;"),
        ("yellow", 0, 1, "seen: 0000-01;"),
        ("fhvhv", 2018, 1, "2019-02 or later"),
        ("fhvhv", 2019, 1, "2019-02 or later"),
        ("rainbow", 2021, 1, "yellow | green | fhv | fhvhv"),
    ],
)
def test_a_month_that_cannot_exist_is_refused_by_name(service, year, month, told):
    with pytest.raises(BadRequest) as refused:
        TripMonth(service, year, month)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["2021", "2021-1x", "January", "2021-", ""])
def test_text_that_is_no_month_is_refused(key):
    with pytest.raises(BadRequest):
        TripMonth.parse("yellow", key)
