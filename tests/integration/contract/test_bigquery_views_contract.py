"""What the pipeline relies on BigQuery's views for: making, querying, changing, refusing."""

from datetime import date

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField, Table
from support.warehouse import MONTHLY, Place

SCHEMA = [
    SchemaField("source_month", "DATE", mode="REQUIRED"),
    SchemaField("zone", "INT64"),
    SchemaField("fare", "FLOAT64"),
]
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)
UNION = """
WITH t AS (SELECT 'yellow' AS service, source_month, zone, fare AS total FROM {d}.yellow)
SELECT * FROM t UNION ALL
SELECT 'green', source_month, zone, CAST(NULL AS FLOAT64) FROM `{p}.{d}.green`"""

QUERIES = [
    ("SELECT COUNT(*) FROM {d}.trips", [(4,)]),
    ("SELECT service FROM {d}.trips WHERE source_month = '2021-02-01' ORDER BY 1",
     [("green",), ("yellow",)]),
    ("SELECT trips.zone, x.total FROM {d}.trips JOIN `{p}.{d}.trips` AS x USING (zone)"
     " WHERE trips.service = 'green'", [(3, None)]),
    ("WITH yellow AS (SELECT 9 AS zone), t AS (SELECT * FROM {d}.trips)"
     " SELECT COUNT(*), COUNTIF(zone IN (SELECT zone FROM yellow)) FROM t", [(4, 0)]),
    ("SELECT z.name, COUNT(*) FROM {d}.trips AS t LEFT JOIN {d}.zones AS z USING (zone)"
     " GROUP BY name ORDER BY name", [(None, 1), ("A", 2), ("B", 1)]),
    ("SELECT MAX(n) FROM {d}.counted WHERE service = 'yellow'", [(2,)]),
    ("SELECT (SELECT SUM(n) FROM {d}.counted) AS n", [(4,)]),
]  # fmt: skip
BROKEN = [
    ("SELECT nothing FROM {d}.yellow", exceptions.BadRequest, "Unrecognized name: nothing"),
    ("SELECT NOSUCH(zone) FROM {d}.yellow", exceptions.BadRequest, "Function not found"),
    ("SELEC 1", exceptions.BadRequest, "Syntax error"),
    ("SELECT zone, zone FROM {d}.yellow", exceptions.BadRequest, "Duplicate column names"),
    ("SELECT @p AS x", exceptions.BadRequest, "parameter"),
    ("SELECT zone FROM yellow", exceptions.BadRequest, "must be qualified with a dataset"),
    ("DELETE FROM {d}.yellow WHERE TRUE", exceptions.BadRequest, ""),
    ("SELECT * FROM {d}.nothing", exceptions.NotFound, "Not found: Table"),
    ("SELECT * FROM {d}_missing.t", exceptions.NotFound, "Not found: Dataset"),
    ("SELECT * FROM {d}.v", exceptions.NotFound, "Not found: Table"),
]


@pytest.fixture
def taxis(place: Place) -> Place:
    """A place with the tables ``yellow`` (two months) and ``green``, and ``zones``."""
    load(place, "yellow", [JANUARY, JANUARY, FEBRUARY], [1, 2, 1])
    load(place, "green", [FEBRUARY], [3])
    place.load(place.put("z", {"zone": pa.array([1, 2]), "name": pa.array(["A", "B"])}), "zones")
    return place


@pytest.fixture
def empty(place: Place) -> Place:
    """A place with the tables ``yellow`` and ``green`` without rows."""
    for name in ("yellow", "green"):
        place.client.create_table(Table(place.table(name), SCHEMA))
    return place


def load(place: Place, table: str, months: list[date], zones: list[int]) -> None:
    columns = {
        "source_month": pa.array(months),
        "zone": pa.array(zones),
        "fare": pa.array([1.5] * len(zones)),
    }
    place.load(place.put(table, columns), table, schema=SCHEMA, time_partitioning=MONTHLY)


def make(place: Place, name: str, query: str) -> Table:
    view = Table(place.table(name))
    view.view_query = query.replace("{d}", place.name).replace("{p}", place.client.project)
    return place.client.create_table(view)


def test_a_view_has_the_schema_of_its_query(empty: Place) -> None:
    made = make(empty, "trips", UNION)
    found = empty.client.get_table(empty.table("trips"))
    assert (found.table_type, found.view_query, found.view_use_legacy_sql) == (
        "VIEW",
        made.view_query,
        False,
    )
    assert [(field.name, field.field_type, field.mode) for field in found.schema] == [
        ("service", "STRING", "NULLABLE"),
        ("source_month", "DATE", "NULLABLE"),
        ("zone", "INTEGER", "NULLABLE"),
        ("total", "FLOAT", "NULLABLE"),
    ]
    assert found.num_rows == 0


def test_a_view_is_listed_and_deleted_like_a_table(empty: Place) -> None:
    make(empty, "trips", UNION)
    listed = {table.table_id: table for table in empty.client.list_tables(empty.name)}
    assert {name: table.table_type for name, table in listed.items()} == {
        "green": "TABLE",
        "trips": "VIEW",
        "yellow": "TABLE",
    }
    assert listed["trips"].view_use_legacy_sql is False
    empty.client.delete_table(empty.table("trips"))
    with pytest.raises(exceptions.NotFound):
        empty.client.get_table(empty.table("trips"))
    make(empty, "trips", "SELECT 2 AS n")
    assert empty.rows("SELECT n FROM {d}.trips") == [(2,)]


def test_a_name_is_taken_once_by_a_table_or_a_view(empty: Place) -> None:
    make(empty, "trips", UNION)
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        make(empty, "trips", UNION)
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        make(empty, "yellow", UNION)
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        empty.client.create_table(Table(empty.table("trips"), SCHEMA))


def test_views_are_queried_like_tables(taxis: Place) -> None:
    make(taxis, "trips", UNION)
    make(
        taxis,
        "counted",
        "SELECT service, source_month, COUNT(*) AS n FROM {d}.trips GROUP BY 1, 2 ORDER BY n",
    )
    for sql, answer in QUERIES:
        assert taxis.rows(sql.replace("{p}", taxis.client.project)) == answer, sql


def test_a_view_sees_its_tables_as_they_are_now(taxis: Place) -> None:
    make(taxis, "everything", "SELECT * FROM {d}.yellow")
    load(taxis, "yellow", [JANUARY], [7])
    table = taxis.client.get_table(taxis.table("yellow"))
    table.schema = [*table.schema, SchemaField("tip", "FLOAT64")]
    taxis.client.update_table(table, ["schema"])
    assert taxis.rows("SELECT COUNT(*), COUNT(tip) FROM {d}.everything") == [(4, 0)]
    assert len(taxis.client.get_table(taxis.table("everything")).schema) == 3


def test_the_default_dataset_of_a_query_is_not_that_of_its_views(empty: Place) -> None:
    make(empty, "trips", UNION)
    default = bigquery.DatasetReference(empty.client.project, empty.name)
    job = empty.query("SELECT COUNT(*) FROM trips", default_dataset=default)
    assert next(iter(job.result()))[0] == 0


def test_a_query_that_cannot_be_run_makes_no_view(empty: Place) -> None:
    for query, error, words in BROKEN:
        with pytest.raises(error) as refusal:
            make(empty, "v", query)
        assert words in refusal.value.message, query
    assert [table.table_id for table in empty.client.list_tables(empty.name)] == ["green", "yellow"]


def test_a_view_is_not_made_with_a_schema(empty: Place) -> None:
    view = Table(empty.table("v"), schema=SCHEMA)
    view.view_query = f"SELECT * FROM {empty.name}.yellow"
    with pytest.raises(exceptions.BadRequest, match="Schema field shouldn't be used as input"):
        empty.client.create_table(view)


def test_a_views_query_can_be_changed_and_gives_it_another_schema(empty: Place) -> None:
    view = make(empty, "trips", UNION)
    view.view_query = "SELECT 3 AS place"
    changed = empty.client.update_table(view, ["view_query"])
    assert [field.name for field in changed.schema] == ["place"]
    assert empty.rows("SELECT place FROM {d}.trips") == [(3,)]
    with pytest.raises(exceptions.PreconditionFailed):
        empty.client.update_table(view, ["view_query"])
    changed.view_query = f"SELECT nothing FROM {empty.name}.green"
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name: nothing"):
        empty.client.update_table(changed, ["view_query"])
    assert empty.rows("SELECT place FROM {d}.trips") == [(3,)]


def test_a_view_and_its_columns_can_be_described(empty: Place) -> None:
    view = make(empty, "trips", UNION)
    view.description, view.labels = "all trips", {"made": "by_hand"}
    view.schema = [
        SchemaField(field.name, field.field_type, description=f"the {field.name}")
        for field in view.schema
    ]
    empty.client.update_table(view, ["description", "labels", "schema"])
    found = empty.client.get_table(empty.table("trips"))
    assert (found.description, found.labels) == ("all trips", {"made": "by_hand"})
    assert [field.description for field in found.schema][:2] == ["the service", "the source_month"]
    which = SchemaField("service", "STRING", description="which")
    found.schema = [which, *found.schema[1:3], SchemaField("total", "FLOAT64")]
    found = empty.client.update_table(found, ["schema"])
    assert [field.description for field in found.schema] == [
        "which",
        "the source_month",
        "the zone",
        None,
    ]
    assert empty.rows("SELECT COUNT(*) FROM {d}.trips") == [(0,)]


def test_no_more_than_descriptions_of_a_views_columns_can_be_changed(empty: Place) -> None:
    view = make(empty, "v", "SELECT zone FROM {d}.yellow")
    zone = SchemaField("zone", "INT64")
    for schema in (
        [SchemaField("zone", "INT64", mode="REQUIRED")],
        [SchemaField("zone", "STRING")],
        [SchemaField("other", "INT64")],
        [zone, SchemaField("more", "INT64")],
    ):
        view.schema = schema
        with pytest.raises(exceptions.BadRequest):
            empty.client.update_table(view, ["schema"])


def test_a_view_over_a_deleted_table_is_not_found_until_the_table_is_back(empty: Place) -> None:
    make(empty, "inner_view", "SELECT zone FROM {d}.green")
    make(empty, "outer_view", "SELECT zone FROM {d}.inner_view")
    empty.client.delete_table(empty.table("green"))
    with pytest.raises(exceptions.NotFound, match=r"Not found: Table .*green"):
        empty.rows("SELECT * FROM {d}.outer_view")
    assert empty.client.get_table(empty.table("outer_view")).table_type == "VIEW"
    load(empty, "green", [FEBRUARY], [8])
    assert empty.rows("SELECT zone FROM {d}.outer_view") == [(8,)]


def test_a_view_over_a_column_that_is_gone_is_named(taxis: Place) -> None:
    make(taxis, "v", "SELECT name FROM {d}.zones")
    taxis.client.delete_table(taxis.table("zones"))
    load(taxis, "zones", [JANUARY], [1])
    words = "Unrecognized name: name.*; failed to parse view"
    with pytest.raises(exceptions.BadRequest, match=words):
        taxis.rows("SELECT v.* FROM (SELECT 'x' AS name) AS other, {d}.v AS v")


def test_a_view_that_reads_itself_is_refused(empty: Place) -> None:
    inner = make(empty, "inner_view", "SELECT zone FROM {d}.green")
    make(empty, "outer_view", "SELECT zone FROM {d}.inner_view")
    for name in ("inner_view", "outer_view"):
        inner.view_query = f"SELECT zone FROM {empty.name}.{name}"
        with pytest.raises(exceptions.BadRequest):
            empty.client.update_table(inner, ["view_query"])
    assert empty.rows("SELECT zone FROM {d}.outer_view") == []


def test_nothing_is_written_into_a_view(empty: Place) -> None:
    make(empty, "v", "SELECT 5 AS zone")
    uri = empty.put("v", {"zone": pa.array([1])})
    with pytest.raises(exceptions.BadRequest):
        empty.load(uri, "v")
    with pytest.raises(exceptions.BadRequest):
        empty.load(uri, "v", write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest):
        empty.copy("yellow", "v", write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest):
        empty.query("SELECT 1 AS zone", destination=empty.table("v"))
    for sql in ("DELETE FROM {d}.v WHERE TRUE", "INSERT INTO {d}.v (zone) VALUES (1)"):
        with pytest.raises(exceptions.BadRequest):
            empty.query(sql)
    assert empty.rows("SELECT zone FROM {d}.v") == [(5,)]


def test_rows_of_a_view_are_neither_listed_nor_copied(empty: Place) -> None:
    view = make(empty, "v", "SELECT zone FROM {d}.yellow")
    with pytest.raises(exceptions.BadRequest, match="Cannot list a table of type VIEW"):
        list(empty.client.list_rows(view))
    with pytest.raises(exceptions.BadRequest):
        empty.copy("v", "copied")


def test_dml_reads_views(taxis: Place) -> None:
    make(taxis, "trips", UNION)
    taxis.query("INSERT INTO {d}.zones (zone) SELECT DISTINCT zone FROM {d}.trips")
    taxis.query("DELETE FROM {d}.zones WHERE zone IN (SELECT zone FROM {d}.trips WHERE zone > 2)")
    assert taxis.rows("SELECT COUNT(*) FROM {d}.zones") == [(4,)]


def test_a_query_on_a_view_costs_what_its_tables_cost(taxis: Place) -> None:
    make(taxis, "v", "SELECT zone FROM {d}.zones UNION ALL SELECT zone FROM {d}.zones")
    dry = bigquery.QueryJobConfig(dry_run=True)
    told = [
        taxis.client.query(f"SELECT * FROM {taxis.name}.{name}", job_config=dry)
        for name in ("v", "zones")
    ]
    assert 0 < told[0].total_bytes_processed <= told[1].total_bytes_processed
    assert [field.name for field in told[0].schema] == ["zone"]


def test_information_schema_tells_views(empty: Place) -> None:
    view = make(empty, "v", "SELECT zone FROM {d}.yellow")
    tables = "SELECT table_name, table_type FROM {d}.INFORMATION_SCHEMA.TABLES ORDER BY 1"
    assert empty.rows(tables)[1:] == [("v", "VIEW"), ("yellow", "BASE TABLE")]
    views = "SELECT table_name, view_definition, use_standard_sql FROM {d}.INFORMATION_SCHEMA.VIEWS"
    assert empty.rows(views) == [("v", view.view_query, "YES")]
    columns = "SELECT column_name, data_type FROM {d}.INFORMATION_SCHEMA.COLUMNS"
    assert empty.rows(f"{columns} WHERE table_name = 'v'") == [("zone", "INT64")]
    assert empty.partitions("v") == {}
