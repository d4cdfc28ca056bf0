"""What the pipeline relies on BigQuery's loads for, told by Google's own client.

The same tests run against the sandbox and, with TLC_LIVE_PROJECT set, the real service.
"""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud.bigquery import SchemaField
from support.warehouse import MONTHLY, Place

SCHEMA = [
    SchemaField("source_month", "DATE", mode="REQUIRED", description="the file's month"),
    SchemaField("trip_id", "INT64"),
    SchemaField("fare", "FLOAT64"),
]
TRIPS = {"schema": SCHEMA, "time_partitioning": MONTHLY, "clustering_fields": ["trip_id"]}
REPLACE = {**TRIPS, "write_disposition": "WRITE_TRUNCATE"}
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)


def month(first_day: date | None, trips: int, start: int = 0) -> dict[str, Any]:
    return {
        "source_month": pa.array([first_day] * trips, pa.date32()),
        "trip_id": pa.array(range(start, start + trips), pa.int64()),
        "fare": pa.array([1.5] * trips, pa.float64()),
    }


def test_a_decorated_truncate_replaces_exactly_that_partition(place: Place) -> None:
    for day, rows in ((JANUARY, 3), (FEBRUARY, 2)):
        place.load(place.put(f"{day}", month(day, rows)), f"t${day:%Y%m}", **REPLACE)
    february = place.partitions("t")["202102"]
    job = place.load(place.put("again", month(JANUARY, 5, start=100)), "t$202101", **REPLACE)
    assert (job.output_rows, job.input_files, job.state) == (5, 1, "DONE")
    assert place.partitions("t")["202101"][0] == 5
    assert place.partitions("t")["202102"] == february
    ids = place.rows("SELECT trip_id FROM {d}.t WHERE source_month = '2021-01-01' ORDER BY 1")
    assert ids == [(100,), (101,), (102,), (103,), (104,)]


def test_a_new_table_has_the_schema_and_layout_that_the_load_gave(place: Place) -> None:
    place.load(place.put("a", month(JANUARY, 3)), "t$202101", **REPLACE)
    table = place.client.get_table(place.table("t"))
    assert [field.field_type for field in table.schema] == ["DATE", "INTEGER", "FLOAT"]
    assert table.schema[0].description == "the file's month"
    assert [field.mode for field in table.schema] == ["REQUIRED", "NULLABLE", "NULLABLE"]
    assert (table.time_partitioning.type_, table.time_partitioning.field) == (
        "MONTH",
        "source_month",
    )
    assert table.clustering_fields == ["trip_id"]
    assert (table.num_rows, table.num_bytes, table.location) == (3, 3 * 24, "US")


def test_foreign_rows_are_refused_and_the_partition_stays(place: Place) -> None:
    place.load(place.put("a", month(JANUARY, 3)), "t$202101", **REPLACE)
    foreign = place.put("b", pa.concat_tables([pa.table(month(d, 2)) for d in (JANUARY, FEBRUARY)]))
    with pytest.raises(exceptions.BadRequest, match="Some rows belong to different partitions"):
        place.load(foreign, "t$202101", **REPLACE)
    assert place.rows("SELECT COUNT(*) FROM {d}.t") == [(3,)]


def test_a_decorator_on_a_table_without_partitions_is_refused(place: Place) -> None:
    uri = place.put("a", month(JANUARY, 3))
    place.load(uri, "plain", schema=SCHEMA)
    with pytest.raises(exceptions.BadRequest):
        place.load(uri, "plain$202101", schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    assert place.client.get_table(place.table("plain")).num_rows == 3


@pytest.mark.parametrize("partition", ["2021", "20210101", "202113", "x"])
def test_a_partition_id_of_another_kind_is_refused(place: Place, partition: str) -> None:
    place.load(place.put("a", month(JANUARY, 3)), "t$202101", **REPLACE)
    with pytest.raises(exceptions.BadRequest):
        place.load(place.put("a", month(JANUARY, 3)), f"t${partition}", **REPLACE)


def test_a_load_with_another_partitioning_than_the_table_is_refused(place: Place) -> None:
    from google.cloud.bigquery import TimePartitioning

    uri = place.put("a", month(JANUARY, 3))
    place.load(uri, "t$202101", **REPLACE)
    daily = {**REPLACE, "time_partitioning": TimePartitioning(type_="DAY", field="source_month")}
    with pytest.raises(exceptions.BadRequest, match="Incompatible table partitioning"):
        place.load(uri, "t", **daily)
    assert place.client.get_table(place.table("t")).time_partitioning.type_ == "MONTH"


def test_rows_without_a_month_go_to_the_null_partition(place: Place) -> None:
    nullable = [SchemaField("source_month", "DATE"), *SCHEMA[1:]]
    place.load(place.put("a", month(None, 2)), "t", **{**TRIPS, "schema": nullable})
    assert place.partitions("t")["__NULL__"][0] == 2


def test_an_undecorated_truncate_replaces_the_whole_table_and_its_schema(place: Place) -> None:
    place.load(place.put("a", month(JANUARY, 3)), "t", **TRIPS)
    place.load(
        place.put("b", {**month(FEBRUARY, 2), "tip": pa.array([1, 2])}),
        "t",
        **{**REPLACE, "schema": [*SCHEMA, SchemaField("tip", "INT64")]},
    )
    assert place.rows("SELECT source_month, SUM(tip) FROM {d}.t GROUP BY 1") == [(FEBRUARY, 3)]
    assert place.partitions("t").keys() == {"202102"}


def test_a_load_appends_unless_told_otherwise_and_counts_its_own_rows(place: Place) -> None:
    uri = place.put("a", month(JANUARY, 3))
    assert [place.load(uri, "t", **TRIPS).output_rows for _ in range(2)] == [3, 3]
    assert place.client.get_table(place.table("t")).num_rows == 6


def test_a_load_of_several_files_is_all_or_nothing(place: Place) -> None:
    place.load(place.put("a", month(JANUARY, 3)), "t", **TRIPS)
    bad = {**month(JANUARY, 1), "fare": pa.array(["free"])}
    uris = [place.put("good", month(JANUARY, 2)), place.put("zbad", bad)]
    with pytest.raises(exceptions.BadRequest):
        place.load(uris, "t", **REPLACE)
    assert place.rows("SELECT COUNT(*) FROM {d}.t") == [(3,)]


def test_columns_match_by_name_in_any_order_and_case_and_missing_ones_are_null(
    place: Place,
) -> None:
    columns = {"TRIP_ID": pa.array([7]), "Source_Month": pa.array([JANUARY])}
    place.load(place.put("a", columns), "t", **TRIPS)
    assert place.rows("SELECT * FROM {d}.t") == [(JANUARY, 7, None)]


def test_a_column_that_the_table_lacks_comes_in_only_where_addition_is_allowed(
    place: Place,
) -> None:
    place.load(place.put("a", month(JANUARY, 1)), "t", **TRIPS)
    more = {"time_partitioning": MONTHLY, "schema": [*SCHEMA, SchemaField("tip", "INT64")]}
    uri = place.put("b", {**month(JANUARY, 1), "tip": pa.array([9])})
    with pytest.raises(exceptions.BadRequest, match=r"(?i)provided schema does not match"):
        place.load(uri, "t", **more)
    place.load(uri, "t", **more, schema_update_options=["ALLOW_FIELD_ADDITION"])
    assert place.rows("SELECT tip FROM {d}.t ORDER BY tip") == [(None,), (9,)]


@pytest.mark.parametrize(
    ("values", "target"),
    [
        (pa.array([1], pa.int64()), "FLOAT64"),
        (pa.array([1], pa.int32()), "FLOAT64"),
        (pa.array([1.0]), "INT64"),
        (pa.array(["1"]), "INT64"),
        (pa.array([1], pa.int64()), "STRING"),
        (pa.array([True]), "INT64"),
        (pa.array([1.0]), "STRING"),
        (pa.array(["2021-01-01"]), "DATE"),
        (pa.nulls(1), "FLOAT64"),
    ],
)
def test_no_parquet_type_is_coerced_into_another(place: Place, values: Any, target: str) -> None:
    uri = place.put("a", {"x": values})
    with pytest.raises(exceptions.BadRequest, match="Parquet column 'x' has type"):
        place.load(uri, "t", schema=[SchemaField("x", target)])


def test_every_type_arrives_as_it_was(place: Place) -> None:
    moment = datetime(2021, 1, 2, 3, 4, 5, 6)
    columns = {
        "small": pa.array([5], pa.int32()),
        "single": pa.array([0.5], pa.float32()),
        "nan": pa.array([float("nan")]),
        "text": pa.array(["é"]),
        "raw": pa.array([b"\x00\xff"]),
        "flag": pa.array([True]),
        "day": pa.array([JANUARY]),
        "local": pa.array([moment], pa.timestamp("us")),
        "instant": pa.array([moment], pa.timestamp("us", tz="UTC")),
        "nothing": pa.nulls(1),
    }
    types = [
        "INT64",
        "FLOAT64",
        "FLOAT64",
        "STRING",
        "BYTES",
        "BOOL",
        "DATE",
        "DATETIME",
        "TIMESTAMP",
        "INT64",
    ]
    schema = [SchemaField(name, kind) for name, kind in zip(columns, types, strict=True)]
    place.load(place.put("a", columns), "t", schema=schema)
    small, single, nan, *rest = place.rows("SELECT * FROM {d}.t")[0]
    assert (small, single, nan != nan) == (5, 0.5, True)
    instant = moment.replace(tzinfo=UTC)
    assert rest == ["é", b"\x00\xff", True, JANUARY, moment, instant, None]


def test_nanosecond_timestamps_arrive_as_integers(place: Place) -> None:
    columns = {"x": pa.array([1_000_000_001], pa.timestamp("ns"))}
    place.load(place.put("a", columns), "t", schema=[SchemaField("x", "INT64")])
    assert place.rows("SELECT x FROM {d}.t") == [(1_000_000_001,)]


def test_null_in_a_required_column_fails_the_load(place: Place) -> None:
    with pytest.raises(exceptions.BadRequest):
        place.load(place.put("a", month(None, 1)), "t", **TRIPS)
    with pytest.raises(exceptions.BadRequest):
        place.load(place.put("b", {"trip_id": pa.array([1])}), "t", **TRIPS)


def test_a_file_that_is_not_parquet_fails_the_load(place: Place) -> None:
    place.bucket.blob("x").upload_from_string(b"<html>403</html>")
    with pytest.raises(exceptions.BadRequest, match="not in Parquet format"):
        place.load(f"gs://{place.bucket.name}/x", "t", **TRIPS)


def test_a_missing_object_fails_the_load_as_not_found(place: Place) -> None:
    with pytest.raises(exceptions.NotFound):
        place.load(f"gs://{place.bucket.name}/nothing", "t", **TRIPS)


def test_a_wildcard_matches_across_slashes(place: Place) -> None:
    for name in ("w/a.parquet", "w/deep/er/b.parquet", "v/c.parquet"):
        place.put(name, month(JANUARY, 1))
    assert place.load(f"gs://{place.bucket.name}/w/*", "t", **TRIPS).output_rows == 2


def test_write_empty_refuses_a_table_with_rows(place: Place) -> None:
    uri = place.put("a", month(JANUARY, 1))
    place.load(uri, "t", **TRIPS)
    with pytest.raises(exceptions.Conflict):
        place.load(uri, "t", **TRIPS, write_disposition="WRITE_EMPTY")


def test_create_never_refuses_a_missing_table(place: Place) -> None:
    with pytest.raises(exceptions.NotFound):
        uri = place.put("a", month(JANUARY, 1))
        place.load(uri, "t", **TRIPS, create_disposition="CREATE_NEVER")
