"""The ledger: a month's newest row is in force, beside what its partition really holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter, Table

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import dataset_path
from pipeline.bigquery.ledger import Load
from pipeline.bigquery.tables import ensure_tables
from pipeline.bigquery.target import BigQueryMonthTarget
from pipeline.connections.google import bigquery_client, select
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import PUBLISHER

YELLOW, GREEN = TripMonth("yellow", 2021, 1), TripMonth("green", 2021, 1)


def loaded(month: TripMonth, job_id: str, days: int = 0) -> Load:
    """What a load job of two rows that ended on a day says."""
    provenance = Provenance(
        service=month.service,
        month=month.key,
        source_url=f"http://127.0.0.1/{month.file_name}",
        source_etag='"etag"',
        source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
        source_bytes=100,
        source_sha256="ab" * 32,
        source_rows=3,
    ).normalized(kept=2, quarantined=1, schema_version="v1")
    ended = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
    return Load(provenance, job_id, ended, f"gs://lake/{month.object_name}", 7, None)


ZONES = replace(loaded(YELLOW, "").provenance, service="zones", month="")


@pytest.fixture(autouse=True)
def tables(configured):
    ensure_tables("yellow")


def fill(month: TripMonth) -> None:
    ensure_tables(month.service)
    table = f"`{dataset_path()}.{month.table_name}`"
    sql = f"INSERT INTO {table} (source_month) VALUES ('{month.first_day}'), ('{month.first_day}')"
    bigquery_client().query_and_wait(sql)
    ledger.forget()


def test_what_was_recorded_is_found_beside_the_partitions_rows():
    written = loaded(YELLOW, "job")
    ledger.record(written)
    fill(YELLOW)
    assert ledger.find(YELLOW) == replace(written, partition_rows=2)


def test_the_newest_load_is_in_force_in_whatever_order_loads_were_recorded():
    for job_id, days in (("second", 2), ("third", 3), ("first", 1)):
        ledger.record(loaded(YELLOW, job_id, days))
    assert ledger.find(YELLOW).job_id == "third"


def test_every_load_of_a_month_is_told_newest_first_and_of_no_other(configured):
    assert ledger.history(YELLOW) == []
    written = [loaded(YELLOW, job_id, days) for job_id, days in (("b", 2), ("c", 3), ("a", 1))]
    for load in (*written, loaded(GREEN, "green"), replace(written[0], provenance=ZONES)):
        ledger.record(load)
    assert [load.job_id for load in ledger.history(YELLOW)] == ["c", "b", "a"]
    assert ledger.history(YELLOW)[0] == written[1]


def test_where_nothing_was_ever_loaded_there_is_no_history(configured):
    bigquery_client().delete_dataset(dataset_path(), delete_contents=True)
    assert ledger.history(YELLOW) == []


def test_a_recorded_month_without_its_partition_is_told_and_is_not_whole():
    ledger.record(loaded(YELLOW, "job"))
    assert ledger.find(YELLOW).partition_rows is None
    assert not ledger.find(YELLOW).is_whole


def test_the_same_month_of_two_services_is_two_months():
    for month in (YELLOW, GREEN):
        fill(month)
        ledger.record(loaded(month, f"job_of_{month.service}"))
    assert {key: row.job_id for key, row in ledger.loaded_months().items()} == {
        ("yellow", "2021-01"): "job_of_yellow",
        ("green", "2021-01"): "job_of_green",
    }
    assert all(row.is_whole for row in ledger.loaded_months().values())


def test_another_services_partition_does_not_make_a_month_whole():
    fill(GREEN)
    ledger.record(loaded(YELLOW, "job"))
    assert ledger.find(YELLOW).partition_rows is None


def test_a_loaded_sample_is_no_target_where_the_publishers_month_is_asked_for(monkeypatch):
    fill(YELLOW)
    ledger.record(loaded(YELLOW, "job"))
    assert BigQueryMonthTarget(YELLOW).exists()
    monkeypatch.setenv("TLC_BASE_URL", PUBLISHER)
    assert not BigQueryMonthTarget(YELLOW).exists()


def test_a_row_that_somebody_deleted_is_recorded_again_over_an_older_one():
    ledger.record(loaded(YELLOW, "first", 1))
    ledger.record(loaded(YELLOW, "second", 2))
    client = bigquery_client()
    client.query_and_wait(f"DELETE FROM `{dataset_path()}._loads` WHERE job_id = 'second'")
    ledger.record(loaded(YELLOW, "second", 2))
    assert ledger.find(YELLOW).job_id == "second"


def test_recording_again_what_another_process_deleted_asks_the_ledger_anew():
    ledger.record(loaded(YELLOW, "job"))
    assert ledger.find(YELLOW)
    bigquery_client().query_and_wait(f"DELETE FROM `{dataset_path()}._loads` WHERE TRUE")
    ledger.record(loaded(YELLOW, "job"))
    (row,) = select("SELECT COUNT(*) AS n FROM _loads")
    assert row["n"] == 1


def test_the_zones_are_found_apart_from_the_months():
    ensure_tables("zones")
    table = f"`{dataset_path()}.taxi_zones`"
    bigquery_client().query_and_wait(f"INSERT INTO {table} (LocationID) VALUES (1), (2)")
    zones = replace(loaded(YELLOW, "zones"), provenance=ZONES)
    ledger.record(zones)
    ledger.record(zones)
    ledger.record(loaded(YELLOW, "job"))
    assert ledger.find_zones() == replace(zones, partition_rows=2)
    assert [*ledger.loaded_months()] == [("yellow", "2021-01")]


def test_what_is_worth_knowing_about_a_month_is_kept():
    told = replace(loaded(YELLOW, "").provenance, added_columns="tip_jar int64", remarks="odd",
                   counters="outside_month=1")  # fmt: skip
    ledger.record(replace(loaded(YELLOW, "job"), provenance=told))
    assert ledger.find(YELLOW).provenance == told


@pytest.fixture
def older_ledger():
    """The ledger as it was before months had remarks, counters or added columns."""
    client = bigquery_client()
    found = client.get_table(f"{dataset_path()}._loads")
    client.delete_table(found)
    older = Table(found.reference, schema=found.schema[:-3])
    older.labels = found.labels
    client.create_table(older)
    sql = f"INSERT INTO `{found.reference}` (service, month, job_id) VALUES ('yellow', @day, 'old')"
    day = ScalarQueryParameter("day", "DATE", YELLOW.first_day)
    client.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=[day]))


def test_an_older_ledger_is_read_as_it_is_and_extended_by_the_next_load(older_ledger):
    ledger.forget()
    assert ledger.find(YELLOW).job_id == "old"
    assert ledger.find(YELLOW).provenance.remarks is None
    assert ledger.find(YELLOW).provenance.counted() is None
    ensure_tables("green")
    ledger.record(loaded(GREEN, "new"))
    assert {load.job_id for load in ledger.loaded_months().values()} == {"old", "new"}
