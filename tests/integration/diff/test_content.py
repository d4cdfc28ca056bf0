"""What differs between two canonical files, down to a single value."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.canonical import chance_rows, worst_rows

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.diff.content import Change, Content, compare
from pipeline.schemas import service_schema

GREEN = TripMonth("green", 2026, 6)
ROWS = 1_000


@pytest.fixture
def compared(tmp_path):
    """Compare two tables of a month."""

    def ask(before, after, month=GREEN) -> Content:
        paths = []
        for name, table in (("before", before), ("after", after)):
            paths.append(tmp_path / f"{name}.parquet")
            pq.write_table(table, paths[-1], row_group_size=100)
        return compare(month, *paths, tmp_path)

    return ask


@pytest.fixture
def rows():
    return chance_rows(GREEN, ROWS, [6])


def changed(table, name, row, value):
    """The table with another value at one place."""
    values = table.column(name).to_pylist()
    values[row] = value
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.field(name), pa.array(values, table.field(name).type))


def told(content):
    return {name for name, value in vars(content).items() if value}


@pytest.mark.parametrize("service", ["yellow", "green", "fhv", "fhvhv"])
def test_the_same_rows_in_another_order_are_the_same(compared, service):
    month = TripMonth(service, 2026, 6)
    for rows in (worst_rows(month, 500), chance_rows(month, 500, [1])):
        assert told(compared(rows, rows.take(pa.array(range(499, -1, -1))), month)) == set()


def test_rows_that_came_are_told_by_sum_day_and_zone(compared, rows):
    content = compared(rows.slice(0, 900), rows)
    more = rows.slice(900)
    growth = {change.name: change.by for change in content.sums}
    assert growth["total_amount"] == pc.sum(more["total_amount"]).as_py()
    assert growth["passenger_count"] == pc.sum(more["passenger_count"]).as_py()
    days = pc.value_counts(
        pc.cast(pc.floor_temporal(more["lpep_pickup_datetime"], unit="day"), "date32")
    )
    came = {str(pair["values"] or "none"): pair["counts"] for pair in days.to_pylist()}
    assert {change.name: change.by for change in content.days} == came
    zones = {str(pair["values"] if pair["values"] is not None else "none"): pair["counts"]
             for pair in pc.value_counts(more["PULocationID"]).to_pylist()}  # fmt: skip
    assert {change.name: change.by for change in content.zones} == zones
    assert content.gained == content.lost == ()
    assert "PULocationID" not in growth and "payment_type" not in growth
    assert {"PULocationID", "payment_type", "store_and_fwd_flag"} <= {*content.others}


def test_one_other_value_is_found_with_its_day_and_zone(compared, rows):
    pickup = datetime(2026, 6, 15, 12)
    rows = changed(changed(rows, "lpep_pickup_datetime", 5, pickup), "PULocationID", 5, 264)
    for name, value in (
        ("store_and_fwd_flag", "other"),
        ("total_amount", 12_345.67),
        ("payment_type", 99),
    ):
        content = compared(rows, changed(rows, name, 5, value))
        found = {change.name for change in content.sums} | {*content.others}
        assert found == {name}
        assert [change.name for change in content.days] == ["2026-06-15"]
        assert content.days[0].by == 0
        assert [change.name for change in content.zones] == ["264"]


def test_two_values_that_change_places_are_told_by_their_days_alone(compared, rows):
    for row, day in ((5, 1), (6, 2)):
        rows = changed(rows, "lpep_pickup_datetime", row, datetime(2001, 1, day))
        rows = changed(rows, "total_amount", row, float(day))
    swapped = changed(changed(rows, "total_amount", 5, 2.0), "total_amount", 6, 1.0)
    content = compared(rows, swapped)
    assert content.sums == content.others == ()
    assert [change.name for change in content.days] == ["2001-01-01", "2001-01-02"]


def test_a_column_that_has_values_only_after_is_gained_and_the_other_way_lost(compared, rows):
    place = rows.schema.get_field_index("request_source")
    empty = rows.set_column(place, "request_source", pa.nulls(ROWS, pa.string()))
    assert compared(empty, rows).gained == ("request_source",)
    assert compared(rows, empty).lost == ("request_source",)
    added = rows.append_column("tip_jar", pa.array([1.5] * ROWS))
    assert compared(rows, added).gained == ("tip_jar",)
    assert compared(rows, added).days == ()


def test_a_sum_that_is_no_number_is_not_compared_as_one(compared, rows):
    content = compared(rows, changed(rows, "total_amount", 5, float("nan")))
    [change] = content.sums
    assert (change.name, change.after, change.by) == ("total_amount", None, None)


def test_rows_without_a_zone_or_a_time_are_a_group_of_their_own(compared, rows):
    none = changed(changed(rows, "PULocationID", 5, None), "lpep_pickup_datetime", 5, None)
    content = compared(none, changed(none, "total_amount", 5, 1.0))
    assert [change.name for change in (*content.days, *content.zones)] == ["none", "none"]


def test_every_service_has_a_time_of_the_pickup_that_days_are_made_of():
    for service in ("yellow", "green", "fhv", "fhvhv"):
        assert service_schema(service).roles.pickup_time


def test_what_is_no_parquet_is_told_in_one_line(tmp_path):
    for name in ("before", "after"):
        (tmp_path / name).write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(
        Terminal, match="the two versions of green 2026-06 cannot be compared"
    ) as no:
        compare(GREEN, tmp_path / "before", tmp_path / "after", tmp_path)
    assert "\n" not in str(no.value)


def test_a_change_without_two_numbers_has_no_growth():
    assert Change("x", None, 1).by is Change("x", 1, None).by is None
    assert Change("x", 1, 3).by == 2
