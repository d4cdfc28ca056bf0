"""The dataset: made on first use, extended when older; also by two runs at the same moment."""

import pytest
from google.cloud.bigquery import Client, SchemaField, Table

from pipeline.bigquery import tables
from pipeline.bigquery.definitions import dataset_path
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import bigquery_client
from pipeline.core.errors import Terminal, Transient

EVERYTHING = {f"{service}_trips" for service in ("yellow", "green", "fhv", "fhvhv")} | {
    "_loads",
    "taxi_zones",
    "trips",
    "trips_with_zones",
}


def held():
    return {table.table_id for table in bigquery_client().list_tables(dataset_path())}


def found(name="yellow_trips"):
    return bigquery_client().get_table(f"{dataset_path()}.{name}")


def columns(name="yellow_trips"):
    return {field.name: field.field_type for field in found(name).schema}


def remade(change, name="yellow_trips"):
    """Make the table anew, empty, as ``change`` leaves its definition."""
    table, client = found(name), bigquery_client()
    client.delete_table(table)
    definition = table.to_api_repr()
    change(definition)
    client.create_table(Table.from_api_repr(definition))


def without(*names):
    def change(definition):
        fields = definition["schema"]["fields"]
        definition["schema"]["fields"] = [f for f in fields if f["name"] not in names]

    return change


def faster(monkeypatch, name, change=lambda made: None):
    """Another run makes it at the moment between our looking and our making."""
    make = getattr(Client, name)

    def made_by_another_first(client, wanted, **options):
        copy = type(wanted).from_api_repr(wanted.to_api_repr())
        change(copy)
        make(client, copy, exists_ok=True)
        return make(client, wanted, **options)

    monkeypatch.setattr(Client, name, made_by_another_first)


def in_europe(dataset):
    dataset.location = "EU"


@pytest.mark.parametrize("name", ["create_dataset", "create_table"])
def test_what_another_run_made_meanwhile_is_taken(configured, monkeypatch, name):
    faster(monkeypatch, name)
    ensure_tables("yellow")
    assert held() == EVERYTHING


def test_a_dataset_that_another_run_made_elsewhere_meanwhile_is_refused(configured, monkeypatch):
    faster(monkeypatch, "create_dataset", in_europe)
    with pytest.raises(Terminal, match="is in another location; seen: EU"):
        ensure_tables("yellow")


def test_what_is_there_as_wanted_is_taken_in_four_calls(configured, monkeypatch):
    ensure_tables("yellow")
    asked, call = [], Client._call_api

    def counted(client, *args, **options):
        asked.append((options["method"], options["path"].rsplit("/", 1)[-1]))
        return call(client, *args, **options)

    monkeypatch.setattr(Client, "_call_api", counted)
    ensure_tables("yellow")
    dataset = dataset_path().split(".")[1]
    assert asked == [("GET", name) for name in (dataset, "tables", "yellow_trips", "_loads")]


def test_what_somebody_deleted_is_made_again(configured):
    ensure_tables("yellow")
    for name in ("taxi_zones", "fhv_trips", "_loads"):
        bigquery_client().delete_table(f"{dataset_path()}.{name}")
    ensure_tables("yellow")
    assert held() == EVERYTHING


def test_an_older_table_gains_the_columns_it_lacks_and_keeps_its_others(configured):
    ensure_tables("yellow")
    whole = columns()

    def older(definition):
        without("request_source", "pickup_longitude")(definition)
        definition["schema"]["fields"].append({"name": "note", "type": "STRING"})

    remade(older)
    ensure_tables("yellow")
    assert columns() == {**whole, "note": "STRING"}
    assert {f.name: f.description for f in found().schema}["request_source"]


def test_an_older_table_of_another_service_gains_them_before_the_views_read_them(configured):
    ensure_tables("yellow")
    remade(without("cbd_congestion_fee"), "green_trips")
    bigquery_client().delete_table(f"{dataset_path()}.trips")
    ensure_tables("yellow")
    assert "cbd_congestion_fee" in columns("green_trips")


def test_a_months_added_columns_are_added_whatever_their_kind(configured):
    ensure_tables("yellow", "tip_jar int64")
    ensure_tables("yellow", "shared bool, billed date")
    added = {"tip_jar": "INTEGER", "shared": "BOOLEAN", "billed": "DATE"}
    assert added.items() <= columns().items()
    assert not added.keys() & columns("green_trips").keys()


def by_another_run(monkeypatch, times):
    """Other runs change the table between our looking and our changing it."""
    change, names = Client.update_table, iter([f"other_{n}" for n in range(times)])

    def changed_by_another_first(client, table, fields, **options):
        if name := next(names, None):
            other = client.get_table(table.reference)
            other.schema = [*other.schema, SchemaField(name, "STRING")]
            change(client, other, ["schema"])
        return change(client, table, fields, **options)

    monkeypatch.setattr(Client, "update_table", changed_by_another_first)


def test_columns_that_two_runs_add_at_once_are_all_there(configured, monkeypatch):
    ensure_tables("yellow")
    by_another_run(monkeypatch, 2)
    ensure_tables("yellow", "tip_jar int64")
    assert {"other_0", "other_1", "tip_jar"} < columns().keys()


def test_a_table_that_never_rests_is_given_up(configured, monkeypatch):
    ensure_tables("yellow")
    monkeypatch.setattr(tables, "ATTEMPTS", 2)
    by_another_run(monkeypatch, 3)
    with pytest.raises(Transient, match="yellow_trips changes again and again"):
        ensure_tables("yellow", "tip_jar int64")


def test_an_added_column_that_is_there_with_another_type_is_refused(configured):
    ensure_tables("yellow", "tip_jar int64")
    before = columns()
    with pytest.raises(Terminal) as refused:
        ensure_tables("yellow", "tip_jar float64, more int64")
    told = "seen: {'tip_jar': 'INT64'}; expected: {'tip_jar': 'FLOAT64'}"
    assert told in str(refused.value)
    assert columns() == before
