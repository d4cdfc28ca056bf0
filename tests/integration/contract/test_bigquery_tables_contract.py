"""What the pipeline relies on BigQuery's datasets and tables for: existence, schema, etags."""

from datetime import date

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField, Table, TimePartitioning
from support.warehouse import MONTHLY, Place

SCHEMA = [SchemaField("source_month", "DATE"), SchemaField("n", "INT64", mode="REQUIRED")]
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)


def make(place: Place, name: str = "t") -> Table:
    table = Table(place.table(name), schema=SCHEMA)
    table.time_partitioning = MONTHLY
    table.labels = {"service": "yellow"}
    table.description = "trips"
    return place.client.create_table(table)


def fill(place: Place, name: str = "t") -> None:
    days = pa.array([JANUARY, JANUARY, FEBRUARY])
    place.load(place.put("a", {"source_month": days, "n": pa.array([1, 2, 3])}), name)


def test_a_dataset_is_made_once(place: Place) -> None:
    with pytest.raises(exceptions.Conflict, match="Already Exists: Dataset"):
        place.client.create_dataset(place.name)
    assert place.client.create_dataset(place.name, exists_ok=True).dataset_id == place.name


def test_a_dataset_keeps_what_it_was_given_and_what_was_changed(place: Place) -> None:
    dataset = place.client.get_dataset(place.name)
    dataset.labels, dataset.description = {"owner": "tlc"}, "trips"
    place.client.update_dataset(dataset, ["labels", "description"])
    found = place.client.get_dataset(place.name)
    assert (found.labels, found.description, found.location) == ({"owner": "tlc"}, "trips", "US")


def test_a_dataset_with_tables_is_not_deleted_by_accident(place: Place) -> None:
    make(place)
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        place.client.delete_dataset(place.name)


def test_datasets_and_tables_are_listed(place: Place) -> None:
    for name in ("b", "a", "c"):
        make(place, name)
    listed = place.client.list_tables(place.name, page_size=2)
    assert [table.table_id for table in listed] == ["a", "b", "c"]
    assert place.name in [dataset.dataset_id for dataset in place.client.list_datasets()]


def test_a_missing_dataset_or_table_is_not_found(place: Place) -> None:
    with pytest.raises(exceptions.NotFound, match="Not found: Table"):
        place.client.get_table(place.table("nothing"))
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        place.client.get_dataset(f"{place.name}_missing")
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        place.client.create_table(Table(f"{place.client.project}.{place.name}_missing.t", SCHEMA))


def test_a_table_is_made_once_and_keeps_what_it_was_given(place: Place) -> None:
    make(place)
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        make(place)
    found = place.client.get_table(place.table("t"))
    assert (found.labels, found.description, found.num_rows) == ({"service": "yellow"}, "trips", 0)
    assert [(field.field_type, field.mode) for field in found.schema] == [
        ("DATE", "NULLABLE"),
        ("INTEGER", "REQUIRED"),
    ]
    assert found.time_partitioning.field == "source_month"


def test_partitioning_by_a_missing_column_is_refused(place: Place) -> None:
    table = Table(place.table("t"), schema=SCHEMA)
    table.time_partitioning = TimePartitioning(type_="MONTH", field="nothing")
    with pytest.raises(exceptions.BadRequest):
        place.client.create_table(table)


def test_a_nullable_column_can_be_added_and_is_null_in_old_rows(place: Place) -> None:
    make(place)
    fill(place)
    table = place.client.get_table(place.table("t"))
    table.schema = [*table.schema, SchemaField("tip", "FLOAT64", description="extra")]
    updated = place.client.update_table(table, ["schema"])
    assert updated.schema[-1].description == "extra"
    assert place.rows("SELECT tip FROM {d}.t GROUP BY tip") == [(None,)]


@pytest.mark.parametrize(
    "schema",
    [
        [*SCHEMA, SchemaField("x", "INT64", mode="REQUIRED")],
        [SCHEMA[0], SchemaField("n", "STRING", mode="REQUIRED")],
        [SchemaField("source_month", "DATE", mode="REQUIRED"), SCHEMA[1]],
        [SCHEMA[0]],
    ],
)
def test_no_other_change_of_the_schema_is_possible(place: Place, schema: list[SchemaField]) -> None:
    table = make(place)
    table.schema = schema
    with pytest.raises(exceptions.BadRequest, match="Provided Schema does not match"):
        place.client.update_table(table, ["schema"])


def test_a_required_column_can_be_relaxed(place: Place) -> None:
    table = make(place)
    table.schema = [SCHEMA[0], SchemaField("n", "INT64")]
    place.client.update_table(table, ["schema"])
    place.query("INSERT INTO {d}.t (source_month) VALUES ('2021-01-01')")
    assert place.rows("SELECT n FROM {d}.t") == [(None,)]


def test_partitioning_cannot_be_changed_in_place(place: Place) -> None:
    table = make(place)
    table.time_partitioning = TimePartitioning(type_="DAY", field="source_month")
    with pytest.raises(exceptions.BadRequest):
        place.client.update_table(table, ["time_partitioning"])


def test_a_change_of_an_outdated_table_is_refused(place: Place) -> None:
    mine, theirs = make(place), place.client.get_table(place.table("t"))
    theirs.description = "theirs"
    place.client.update_table(theirs, ["description"])
    mine.description = "mine"
    with pytest.raises(exceptions.PreconditionFailed):
        place.client.update_table(mine, ["description"])
    assert place.client.get_table(place.table("t")).description == "theirs"


def test_a_deleted_table_is_gone_and_can_be_made_again(place: Place) -> None:
    make(place)
    fill(place)
    place.client.delete_table(place.table("t"))
    with pytest.raises(exceptions.NotFound):
        place.client.delete_table(place.table("t"))
    assert make(place).num_rows == 0


def test_a_decorated_name_answers_the_table(place: Place) -> None:
    make(place)
    assert place.client.get_table(place.table("t$202101")).time_partitioning.type_ == "MONTH"


def test_rows_are_listed_in_pages(place: Place) -> None:
    make(place)
    fill(place)
    pages = list(place.client.list_rows(place.table("t"), page_size=2).pages)
    assert [page.num_items for page in pages] == [2, 1]


def test_rows_of_one_partition_and_some_columns_are_listed(place: Place) -> None:
    make(place)
    fill(place)
    table = place.client.get_table(place.table("t"))
    one = place.client.list_rows(
        bigquery.TableReference.from_string(place.table("t$202102")), selected_fields=table.schema
    )
    assert [tuple(row.values()) for row in one] == [(FEBRUARY, 3)]
    some = place.client.list_rows(table, selected_fields=table.schema[1:])
    assert sorted(tuple(row.values()) for row in some) == [(1,), (2,), (3,)]
