"""Rows that are odd but true are counted, not refused."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core.months import TripMonth
from pipeline.normalize.audit import Audit
from pipeline.schemas import service_schema


def audited(service: str, *rows: dict[str, Any]) -> dict[str, int]:
    month = TripMonth(service, 2021, 1)
    schema = service_schema(service).arrow_schema()
    every = {"source_month": month.first_day}
    audit = Audit(month)
    for row in rows:
        audit.add(pa.RecordBatch.from_pylist([{**every, **row}], schema=schema))
    return dict(audit.counts)


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"tpep_pickup_datetime": datetime(2020, 12, 31, 23, 59, 59)}, "outside_month"),
        ({"tpep_pickup_datetime": datetime(2021, 2, 1)}, "outside_month"),
        ({"tpep_pickup_datetime": datetime(2098, 9, 11)}, "outside_month"),
        (
            {
                "tpep_pickup_datetime": datetime(2021, 1, 2),
                "tpep_dropoff_datetime": datetime(2021, 1, 1),
            },
            "dropoff_before_pickup",
        ),
        ({"total_amount": -2.5}, "negative_total"),
        ({"fare_amount": -2.5}, "negative_fare"),
        ({"trip_distance": 100.1}, "absurd_distance"),
        ({"trip_distance": -0.1}, "absurd_distance"),
        ({"trip_distance": float("inf")}, "absurd_distance"),
        ({"PULocationID": 264, "DOLocationID": 1}, "unknown_zone"),
        ({"PULocationID": 1, "DOLocationID": 0}, "unknown_zone"),
        ({"PULocationID": 265, "DOLocationID": 265}, "unknown_zone"),
        ({"DOLocationID": 1, "PULocationID": None}, "missing_zone"),
    ],
    ids=str,
)
def test_an_odd_row_is_counted(row: dict[str, Any], count: str) -> None:
    plain = {"PULocationID": 1, "DOLocationID": 263}
    counts = audited("yellow", {**plain, **row})
    assert {name for name, rows in counts.items() if rows} == {count}
    assert counts[count] == 1


@pytest.mark.parametrize("moment", [datetime(2021, 1, 1), datetime(2021, 1, 31, 23, 59, 59)])
def test_the_first_and_last_second_are_inside_the_month(moment: datetime) -> None:
    row = {"tpep_pickup_datetime": moment, "tpep_dropoff_datetime": moment}
    counts = audited("yellow", {**row, "PULocationID": 1, "DOLocationID": 2})
    assert not any(counts.values())


@pytest.mark.parametrize("miles", [0.0, 100.0, None, float("nan")])
def test_what_may_be_true_is_not_odd(miles: float | None) -> None:
    row = {"trip_distance": miles, "fare_amount": 0.0, "total_amount": None}
    counts = audited("yellow", {**row, "PULocationID": 1, "DOLocationID": 2})
    assert not any(counts.values())


def test_the_miles_and_the_fare_of_every_service_are_found() -> None:
    counts = audited("fhvhv", {"trip_miles": 101.0, "base_passenger_fare": -1.0})
    assert (counts["absurd_distance"], counts["negative_fare"]) == (1, 1)


def test_counts_add_up_over_batches() -> None:
    assert audited("yellow", *[{"total_amount": -1.0}] * 3)["negative_total"] == 3


def test_what_a_service_has_no_column_for_is_not_counted() -> None:
    assert "negative_total" not in audited("fhv", {"PULocationID": 1})
