"""The views: all services' trips in the columns they have in common, with zones beside them."""

import luigi
import pytest
from google.cloud.bigquery import Client, Table
from support.configuration import configured_for

from pipeline.bigquery import views
from pipeline.bigquery.definitions import LABELS, dataset_path, table_path
from pipeline.bigquery.tables import ensure_tables
from pipeline.bigquery.views import View
from pipeline.connections.google import bigquery_client, select
from pipeline.core.errors import Terminal
from pipeline.schemas.unified import unified_columns

ROWS = """
INSERT INTO yellow_trips (source_month, tpep_pickup_datetime, PULocationID, DOLocationID,
    passenger_count, trip_distance, RatecodeID, fare_amount, total_amount, airport_fee)
  VALUES ('2021-01-01', '2020-12-31 23:59:59', 1, 264, 2, 1.5, 99, 7, 9.5, 1.25);
INSERT INTO yellow_trips (source_month, pickup_longitude, pickup_latitude, payment_type)
  VALUES ('2009-01-01', -73.9, 40.7, 1);
INSERT INTO green_trips (source_month, PULocationID, DOLocationID, fare_amount, tip_amount)
  VALUES ('2021-02-01', 264, 1, -3, 0);
INSERT INTO fhv_trips (source_month, pickup_datetime, PULocationID, dispatching_base_num)
  VALUES ('2021-01-01', '2021-01-01 08:00:00', 1, 'B00001');
INSERT INTO fhvhv_trips (source_month, hvfhs_license_num, trip_miles, base_passenger_fare, tolls,
    bcf, sales_tax, congestion_surcharge, airport_fee, tips, cbd_congestion_fee, driver_pay)
  VALUES ('2025-01-01', 'HV0003', 2.5, 10, 1, 0.5, 0.25, 2.75, 2.5, 3, 1.5, 99),
         ('2019-02-01', 'HV0005', 2.5, 10, NULL, 0.5, NULL, NULL, NULL, NULL, NULL, NULL),
         ('2019-02-01', 'HV0009', 2.5, NULL, 1, 1, 1, 1, 1, 1, 1, 1);
INSERT INTO taxi_zones (LocationID, Borough, Zone, service_zone)
  VALUES (1, 'EWR', 'Newark Airport', 'EWR'), (264, 'Unknown', 'N/A', 'N/A')
"""


@pytest.fixture(scope="module", autouse=True)
def dataset(sandbox, tmp_path_factory):
    """One dataset for all tests, each of which leaves its views as declared."""
    with configured_for(sandbox, tmp_path_factory.mktemp("views")):
        ensure_tables("yellow")
        for sql in ROWS.split(";"):
            list(select(sql))
        yield


def rows(sql):
    return [tuple(row.values()) for row in select(sql)]


def found(name="trips"):
    return bigquery_client().get_table(table_path(name))


def test_every_services_trips_are_asked_under_one_name():
    told = """SELECT service, CAST(source_month AS STRING), pickup_location_id, trip_distance,
        rate_code, payment_type, fare_amount, airport_fee, total_amount, company,
        dispatching_base_num FROM trips ORDER BY service, source_month, company"""
    nothing = (None,) * 4
    assert rows(told) == [
        ("fhv", "2021-01-01", 1, *nothing, None, None, None, "B00001"),
        ("fhvhv", "2019-02-01", None, 2.5, None, None, None, 1.0, None, "HV0009", None),
        ("fhvhv", "2019-02-01", None, 2.5, None, None, 10.0, None, 10.5, "Lyft", None),
        ("fhvhv", "2025-01-01", None, 2.5, None, None, 10.0, 2.5, 21.5, "Uber", None),
        ("green", "2021-02-01", 264, None, None, None, -3.0, *nothing),
        ("yellow", "2009-01-01", None, None, None, 1, *nothing, None),
        ("yellow", "2021-01-01", 1, 1.5, 99, None, 7.0, 1.25, 9.5, None, None),
    ]


def test_zones_stand_beside_both_ends_and_no_trip_is_lost_or_doubled():
    told = """SELECT service, pickup_borough, pickup_zone, pickup_service_zone, dropoff_borough,
        dropoff_zone, dropoff_service_zone FROM trips_with_zones
        WHERE service IN ('green', 'fhv') ORDER BY 1"""
    airport, unknown = ("EWR", "Newark Airport", "EWR"), ("Unknown", "N/A", "N/A")
    assert rows(told) == [("fhv", *airport, None, None, None), ("green", *unknown, *airport)]
    assert rows("SELECT COUNT(*) FROM trips_with_zones") == [(7,)]


def test_every_column_of_a_view_says_what_it_means():
    for name in ("trips", "trips_with_zones"):
        assert all(field.description for field in found(name).schema)
    told = {field.name: (field.field_type, field.description) for field in found().schema}
    older = {"INT64": "INTEGER", "FLOAT64": "FLOAT"}
    assert told == {
        column.name: (older.get(column.bigquery_type, column.bigquery_type), column.description)
        for column in unified_columns()
    }


def changes(monkeypatch):
    """The names of the tables and views that are made or changed from now on."""
    made = []
    for name in ("create_table", "update_table"):
        call = getattr(Client, name)

        def noted(client, table, *args, call=call, **options):
            made.append(table.table_id)
            return call(client, table, *args, **options)

        monkeypatch.setattr(Client, name, noted)
    return made


def test_a_view_of_another_definition_is_brought_up_to_date_and_then_left_alone(
    monkeypatch,
):
    [trips, with_zones] = views.views()
    older = View("trips", "older", trips.columns[:1], "SELECT 'x' AS service")
    views.make_view(older)
    assert [field.name for field in found().schema] == ["service"]
    made = changes(monkeypatch)
    ensure_tables("yellow")
    assert set(made) == {"trips"}
    assert (found().view_query, found().labels) == (trips.sql, trips.labels)
    assert found("trips_with_zones").labels == with_zones.labels
    made.clear()
    ensure_tables("yellow")
    assert made == []


def test_a_view_without_its_descriptions_is_not_taken_for_complete(monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(Client, "update_table", lambda *args, **options: 1 / 0)
        bigquery_client().delete_table(table_path("trips"))
        with pytest.raises(ZeroDivisionError):
            ensure_tables("yellow")
    assert not any(field.description for field in found().schema)
    ensure_tables("yellow")
    assert all(field.description for field in found().schema)


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_what_is_not_ours_is_neither_replaced_nor_loaded_beside(monkeypatch, kind):
    client, config = bigquery_client(), luigi.configuration.get_config()
    monkeypatch.setitem(config["bigquery"], "dataset", f"with_a_{kind.lower()}")
    client.create_dataset(dataset_path())
    theirs = Table(table_path("trips"), schema=[{"name": "x", "type": "INT64"}])
    theirs.labels = LABELS
    if kind == "VIEW":
        theirs = Table(theirs.reference)
        theirs.view_query = "SELECT 1 AS x"
    client.create_table(theirs)
    with pytest.raises(Terminal, match=rf"trips is no view of this pipeline's; seen: {kind} with"):
        ensure_tables("yellow")
    assert [table.table_id for table in client.list_tables(dataset_path())] == ["trips"]
