"""``LoadZonesToPostgres`` on a real server: loaded once, replaced as a whole."""

import shutil
from collections.abc import Iterator

import pytest
from luigi import LuigiStatusCode
from support.postgres_place import Place
from support.publisher import FaultyPublisher, headers
from support.zones import Zones, run

from pipeline import LoadZonesToPostgres
from pipeline.core.errors import Terminal
from pipeline.zones.lookup import ZONE_LOOKUP
from pipeline.zones.postgres import PostgresZonesTarget

ROWS = "SELECT locationid, borough, zone, service_zone FROM {s}.taxi_zones ORDER BY 1"
LOADS = "SELECT service, month, rows_kept, source_etag FROM {s}._loads ORDER BY load_id"


@pytest.fixture
def zones(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Zones]:
    with FaultyPublisher() as publisher:
        monkeypatch.setenv("TLC_BASE_URL", publisher.url)
        served = publisher.serve(b"", ZONE_LOOKUP.url("").rpartition("/")[2])
        served.always = headers(content_type="text/csv")
        yield Zones(served, borough="EWR")


def load() -> LuigiStatusCode:
    return run(LoadZonesToPostgres)


def test_the_zones_are_loaded_once_with_their_text_as_it_is(place: Place, zones: Zones) -> None:
    assert not PostgresZonesTarget().exists()
    assert load() == LuigiStatusCode.SUCCESS
    assert place.query(ROWS) == zones.rows
    assert load() == LuigiStatusCode.SUCCESS
    assert place.query(LOADS) == [("zones", None, 3, zones.served.etag)]


def test_another_version_replaces_the_table_and_is_in_force(place: Place, zones: Zones) -> None:
    load()
    zones.add(2, "Queens", "Jamaica Bay", "Boro Zone")
    shutil.rmtree(place.data_dir)
    place.query("DELETE FROM {s}.taxi_zones WHERE locationid = 1")
    assert not PostgresZonesTarget().exists()
    assert load() == LuigiStatusCode.SUCCESS
    assert place.query(ROWS) == sorted(zones.rows)
    assert [kept for _, _, kept, _ in place.query(LOADS)] == [3, 4]


def test_zones_of_the_sandbox_do_not_count_as_the_publishers(
    place: Place, zones: Zones, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    assert PostgresZonesTarget().exists()
    monkeypatch.setenv("TLC_BASE_URL", "https://publisher.test/trip-data")
    assert not PostgresZonesTarget().exists()


def test_a_table_of_somebody_else_is_not_replaced(place: Place, zones: Zones) -> None:
    place.query("CREATE SCHEMA IF NOT EXISTS {s}")
    place.query("CREATE TABLE {s}.taxi_zones (name text)")
    with pytest.raises(Terminal, match="is not the pipeline's; seen: name"):
        run_here()
    assert place.query("SELECT count(*) FROM {s}.taxi_zones") == [(0,)]


def run_here() -> None:
    from pipeline import DownloadZones

    assert run(DownloadZones) == LuigiStatusCode.SUCCESS
    LoadZonesToPostgres().run()
