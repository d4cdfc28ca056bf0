"""What the pipeline relies on BigQuery for when a table gains columns that old months lack."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud.bigquery import SchemaField, Table
from support.warehouse import MONTHLY, Place

MONTH = SchemaField("source_month", "DATE", mode="REQUIRED", description="the file's month")
SCHEMA = [MONTH, SchemaField("n", "INT64")]
ADDED = [
    SchemaField("is_shared", "BOOL", description="whether others rode along"),
    SchemaField("report_date", "DATE"),
    SchemaField("fee", "FLOAT64"),
    SchemaField("note", "STRING"),
    SchemaField("requested_at", "DATETIME"),
]
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)
REPLACE: dict[str, Any] = {"time_partitioning": MONTHLY, "write_disposition": "WRITE_TRUNCATE"}


def month(first_day: date, **columns: Any) -> dict[str, Any]:
    rows = len(next(iter(columns.values())))
    return {"source_month": pa.array([first_day] * rows), **columns}


@pytest.fixture
def grown(place: Place) -> Place:
    """A place with the table ``t``, which had a row in January when it gained columns."""
    january = place.put("january", month(JANUARY, n=pa.array([1])))
    place.load(january, "t$202101", schema=SCHEMA, **REPLACE)
    table = place.client.get_table(place.table("t"))
    table.schema = [*table.schema, *ADDED]
    place.client.update_table(table, ["schema"])
    return place


def test_columns_of_any_kind_are_added_and_null_in_old_rows(grown: Place) -> None:
    found = grown.client.get_table(grown.table("t"))
    assert [(field.name, field.field_type) for field in found.schema[2:]] == [
        ("is_shared", "BOOLEAN"),
        ("report_date", "DATE"),
        ("fee", "FLOAT"),
        ("note", "STRING"),
        ("requested_at", "DATETIME"),
    ]
    assert (found.schema[2].description, found.schema[0].mode) == (
        "whether others rode along",
        "REQUIRED",
    )
    assert grown.rows("SELECT * FROM {d}.t") == [(JANUARY, 1, None, None, None, None, None)]


def test_added_columns_are_filled_by_the_months_that_have_them(grown: Place) -> None:
    columns = {
        "is_shared": pa.array([True, False, None]),
        "report_date": pa.array([FEBRUARY, None, FEBRUARY]),
        "n": pa.array([2, 3, 4]),
    }
    february = grown.put("february", month(FEBRUARY, **columns))
    grown.load(february, "t$202102", schema=[*SCHEMA, *ADDED], **REPLACE)
    assert grown.rows("SELECT n, is_shared, report_date, fee FROM {d}.t ORDER BY n") == [
        (1, None, None, None),
        (2, True, FEBRUARY, None),
        (3, False, None, None),
        (4, None, FEBRUARY, None),
    ]


def test_a_load_whose_schema_lacks_nullable_columns_leaves_them_null(grown: Place) -> None:
    again = grown.put("again", month(JANUARY, n=pa.array([5, 6])))
    grown.load(again, "t$202101", schema=SCHEMA, **REPLACE)
    assert grown.rows("SELECT n, is_shared, fee FROM {d}.t ORDER BY n") == [
        (5, None, None),
        (6, None, None),
    ]
    schema = grown.client.get_table(grown.table("t")).schema
    assert [field.name for field in schema] == [field.name for field in [*SCHEMA, *ADDED]]
    assert [field.description for field in schema][:3] == [
        "the file's month",
        None,
        "whether others rode along",
    ]


def test_a_load_without_a_schema_takes_the_tables(grown: Place) -> None:
    columns = {"is_shared": pa.array([True]), "n": pa.array([7])}
    grown.load(grown.put("bare", month(FEBRUARY, **columns)), "t$202102", **REPLACE)
    found = "SELECT n, is_shared, note FROM {d}.t WHERE source_month = '2021-02-01'"
    assert grown.rows(found) == [(7, True, None)]


def test_a_column_can_be_added_by_the_load_of_one_partition(place: Place) -> None:
    place.client.create_table(_partitioned(place))
    uri = place.put("a", month(JANUARY, is_shared=pa.array([True])))
    place.load(
        uri,
        "t$202101",
        schema=[*SCHEMA, ADDED[0]],
        schema_update_options=["ALLOW_FIELD_ADDITION"],
        **REPLACE,
    )
    assert place.rows("SELECT * FROM {d}.t") == [(JANUARY, None, True)]


@pytest.mark.parametrize("values", [[1], ["true"], [1.0]])
def test_only_booleans_are_loaded_as_booleans(place: Place, values: list[Any]) -> None:
    uri = place.put("a", {"is_shared": pa.array(values)})
    with pytest.raises(exceptions.BadRequest, match=r"Parquet column 'is_shared' has type"):
        place.load(uri, "t", schema=[ADDED[0]])


def _partitioned(place: Place) -> Table:
    table = Table(place.table("t"), schema=SCHEMA)
    table.time_partitioning = MONTHLY
    return table
