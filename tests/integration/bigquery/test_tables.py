"""Tables made on first use, also where another run makes them at the same moment."""

import pytest
from google.cloud.bigquery import Client

from pipeline.bigquery.definitions import dataset_path
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import bigquery_client
from pipeline.core.errors import Terminal


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
    tables = {table.table_id for table in bigquery_client().list_tables(dataset_path())}
    assert tables == {"yellow_trips", "_loads"}


def test_a_dataset_that_another_run_made_elsewhere_meanwhile_is_refused(configured, monkeypatch):
    faster(monkeypatch, "create_dataset", in_europe)
    with pytest.raises(Terminal, match="is in another location; seen: EU"):
        ensure_tables("yellow")


def test_what_is_there_as_wanted_is_taken(configured):
    ensure_tables("yellow")
    ensure_tables("yellow")
