"""What the pipeline relies on BigQuery's queries for: results, errors, DML, destinations."""

import time
import uuid
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import ScalarQueryParameter, SchemaField
from support.warehouse import MONTHLY, RETRY, TIMEOUT, Place

SCHEMA = [SchemaField("source_month", "DATE"), SchemaField("n", "INT64")]
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)


@pytest.fixture
def trips(place: Place) -> Place:
    """A place with the table ``t``: 1 and 2 in January, 3 in February."""
    days = pa.array([JANUARY, JANUARY, FEBRUARY])
    uri = place.put("a", {"source_month": days, "n": pa.array([1, 2, 3])})
    place.load(uri, "t", schema=SCHEMA, time_partitioning=MONTHLY)
    return place


def test_a_query_answers_typed_rows(trips: Place) -> None:
    sql = "SELECT source_month, SUM(n) AS total FROM {d}.t GROUP BY 1 ORDER BY 1"
    assert trips.rows(sql) == [(JANUARY, 3), (FEBRUARY, 3)]
    job = trips.query(sql)
    assert [field.field_type for field in job.result().schema] == ["DATE", "INTEGER"]
    assert (job.statement_type, job.result().total_rows) == ("SELECT", 2)


def test_results_come_in_pages_and_in_order(trips: Place) -> None:
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x DESC"
    pages = list(trips.query(sql).result(page_size=1000).pages)
    assert [page.num_items for page in pages] == [1000, 1000, 500]
    found = trips.client.query_and_wait(sql, page_size=700)
    assert [row.x for row in found] == list(range(2500, 0, -1))


def test_parameters_are_bound(trips: Place) -> None:
    parameters = [ScalarQueryParameter("n", "INT64", 2), ScalarQueryParameter("s", "STRING", "'")]
    job = trips.query(
        "SELECT n, @s FROM {d}.t WHERE n >= @n ORDER BY n", query_parameters=parameters
    )
    assert [tuple(row.values()) for row in job.result()] == [(2, "'"), (3, "'")]


def test_a_default_dataset_completes_table_names(trips: Place) -> None:
    dataset = bigquery.DatasetReference(trips.client.project, trips.name)
    job = trips.query("SELECT COUNT(*) FROM t", default_dataset=dataset)
    assert next(iter(job.result()))[0] == 3


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELEC 1", exceptions.BadRequest),
        ("SELECT nothing FROM {d}.t", exceptions.BadRequest),
        ("SELECT ERROR('no')", exceptions.BadRequest),
        ("SELECT 1 / 0", exceptions.BadRequest),
        ("SELECT * FROM {d}.nothing", exceptions.NotFound),
        ("SELECT * FROM {d}_missing.t", exceptions.NotFound),
    ],
)
def test_a_bad_query_fails_at_once_however_it_is_sent(
    trips: Place, sql: str, error: type[Exception]
) -> None:
    begun = time.monotonic()
    with pytest.raises(error):
        trips.query(sql)
    with pytest.raises(error):
        trips.rows(sql)
    assert time.monotonic() - begun < TIMEOUT


def test_a_dry_run_tells_the_schema_and_does_nothing(trips: Place) -> None:
    job = trips.client.query(
        f"SELECT n FROM {trips.name}.t", job_config=bigquery.QueryJobConfig(dry_run=True)
    )
    assert (job.state, job.schema[0].name) == ("DONE", "n")
    assert job.total_bytes_processed > 0
    assert job.job_id not in [listed.job_id for listed in trips.client.list_jobs(max_results=20)]


def test_a_query_can_fill_a_new_table_and_then_only_as_it_is_told(trips: Place) -> None:
    target: dict[str, Any] = {"destination": trips.table("made")}
    trips.query("SELECT n FROM {d}.t", **target)
    assert trips.rows("SELECT SUM(n) FROM {d}.made") == [(6,)]
    with pytest.raises(exceptions.Conflict):
        trips.query("SELECT n FROM {d}.t", **target, write_disposition="WRITE_EMPTY")
    trips.query("SELECT 10 AS n", **target, write_disposition="WRITE_APPEND")
    assert trips.rows("SELECT SUM(n) FROM {d}.made") == [(16,)]
    trips.query("SELECT 1 AS n", **target, write_disposition="WRITE_TRUNCATE")
    assert trips.rows("SELECT SUM(n) FROM {d}.made") == [(1,)]


def test_a_query_can_replace_one_partition_but_not_with_foreign_rows(trips: Place) -> None:
    january: dict[str, Any] = {
        "destination": trips.table("t$202101"),
        "write_disposition": "WRITE_TRUNCATE",
    }
    trips.query("SELECT DATE '2021-01-01' AS source_month, 9 AS n", **january)
    assert trips.rows("SELECT n FROM {d}.t ORDER BY n") == [(3,), (9,)]
    with pytest.raises(exceptions.BadRequest, match="different partitions"):
        trips.query("SELECT DATE '2021-02-01' AS source_month, 8 AS n", **january)
    assert trips.rows("SELECT n FROM {d}.t ORDER BY n") == [(3,), (9,)]


@pytest.mark.parametrize(
    ("sql", "counts", "months"),
    [
        ("INSERT INTO {d}.t VALUES ('2021-03-01', 4), ('2021-03-01', 5)", (2, 0, 0), {"202103"}),
        ("UPDATE {d}.t SET n = n + 1 WHERE n < 3", (0, 2, 0), {"202101"}),
        ("DELETE FROM {d}.t WHERE n IN (1, 3)", (0, 0, 2), {"202101", "202102"}),
        ("DELETE FROM {d}.t WHERE n = 99", (0, 0, 0), set()),
    ],
)
def test_dml_tells_its_rows_and_touches_only_their_partitions(
    trips: Place, sql: str, counts: tuple[int, int, int], months: set[str]
) -> None:
    before = trips.partitions("t")
    job = trips.query(sql)
    stats = job.dml_stats
    assert job.num_dml_affected_rows == sum(counts)
    assert counts == (
        stats.inserted_row_count,
        stats.updated_row_count,
        stats.deleted_row_count,
    )
    after = trips.partitions("t")
    assert {month for month in before | after if before.get(month) != after.get(month)} == months


def test_dml_is_all_or_nothing(trips: Place) -> None:
    with pytest.raises(exceptions.BadRequest):
        trips.query("UPDATE {d}.t SET n = DIV(6, n - 3) WHERE TRUE")
    assert trips.rows("SELECT n FROM {d}.t ORDER BY n") == [(1,), (2,), (3,)]


def test_information_schema_tells_tables_columns_and_partitions(trips: Place) -> None:
    assert trips.rows("SELECT table_name, table_type FROM {d}.INFORMATION_SCHEMA.TABLES") == [
        ("t", "BASE TABLE")
    ]
    assert trips.rows(
        "SELECT column_name, ordinal_position, is_nullable, data_type, is_partitioning_column "
        "FROM {d}.INFORMATION_SCHEMA.COLUMNS ORDER BY ordinal_position"
    ) == [("source_month", 1, "YES", "DATE", "YES"), ("n", 2, "YES", "INT64", "NO")]
    assert {month: rows for month, (rows, _) in trips.partitions("t").items()} == {
        "202101": 2,
        "202102": 1,
    }
    with pytest.raises(exceptions.NotFound):
        trips.rows("SELECT * FROM {d}_missing.INFORMATION_SCHEMA.PARTITIONS")


def test_a_repeated_request_id_does_not_do_the_query_again(trips: Place) -> None:
    body = {
        "query": f"INSERT INTO {trips.name}.t VALUES ('2021-01-01', 7)",
        "useLegacySql": False,
        "requestId": uuid.uuid4().hex,
    }
    path = f"/projects/{trips.client.project}/queries"
    for _ in range(2):
        trips.client._call_api(RETRY, method="POST", path=path, data=body)
    assert trips.rows("SELECT COUNT(*) FROM {d}.t WHERE n = 7") == [(1,)]
