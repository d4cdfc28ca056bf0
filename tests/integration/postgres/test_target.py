"""Whether a month counts as loaded: the ledger's word, and what others did to the partition."""

from dataclasses import replace

import pytest
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core.months import TripMonth
from pipeline.postgres import ledger
from pipeline.postgres.target import PostgresMonthTarget

JANUARY, FEBRUARY = TripMonth("yellow", 2021, 1), TripMonth("yellow", 2021, 2)


def exists(month=JANUARY) -> bool:
    ledger.forget()
    return PostgresMonthTarget(month).exists()


def test_a_month_is_there_once_it_is_loaded(place):
    assert not exists()
    place.load(JANUARY, 5)
    assert exists() and not exists(FEBRUARY)
    assert ledger.find(JANUARY).partition_rows == 5


def test_what_is_loaded_of_all_months_is_one_query(place, monkeypatch):
    for month in (JANUARY, FEBRUARY):
        place.load(month, 5)
    wait_until(lambda: place.query(
        "SELECT 1 FROM pg_stat_user_tables WHERE schemaname = '{s}' AND n_tup_ins = 5"
    ))  # fmt: skip
    ledger.forget()
    statements = []
    execute = type(engine().connect()).exec_driver_sql

    def counted(connection, sql, *values):
        statements.append(sql)
        return execute(connection, sql, *values)

    monkeypatch.setattr("sqlalchemy.Connection.exec_driver_sql", counted)
    assert PostgresMonthTarget(JANUARY).exists() and PostgresMonthTarget(FEBRUARY).exists()
    assert not PostgresMonthTarget(TripMonth("green", 2021, 1)).exists()
    assert len(statements) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "TRUNCATE {s}.yellow_trips_202101",
        "DROP TABLE {s}.yellow_trips_202101",
        "ALTER TABLE {s}.yellow_trips DETACH PARTITION {s}.yellow_trips_202101",
        "DELETE FROM {s}.yellow_trips WHERE ctid = '(0,1)'",
        "INSERT INTO {s}.yellow_trips (source_month) VALUES ('2021-01-01')",
        "DROP TABLE {s}.yellow_trips",
        "DELETE FROM {s}._loads",
        "DROP TABLE {s}._loads",
    ],
)
def test_a_month_that_others_damaged_is_not_there_and_is_loaded_again(place, damage):
    place.load(JANUARY, 5)
    place.query(damage)
    wait_until(lambda: not exists())
    if "DETACH" in damage:
        place.query("DROP TABLE {s}.yellow_trips_202101")
    assert place.load(JANUARY, 5).is_whole
    assert place.months() == {"2021-01": (5, 25)}
    assert exists()


def test_a_touched_partition_of_the_right_number_of_rows_is_whole(place):
    place.load(JANUARY, 5)
    place.query("DELETE FROM {s}.yellow_trips WHERE ctid = '(0,1)'")
    place.query("INSERT INTO {s}.yellow_trips (source_month) VALUES ('2021-01-01')")
    wait_until(lambda: place.query(
        "SELECT 1 FROM pg_stat_user_tables WHERE schemaname = '{s}' AND n_tup_del = 1"
    ))  # fmt: skip
    assert exists()


def test_a_sample_never_counts_as_the_real_month(place, monkeypatch):
    place.load(JANUARY, 5)
    monkeypatch.setenv("TLC_BASE_URL", "https://publisher.test/trip-data")
    assert not exists()
    place.load(JANUARY, 5, source_url="https://publisher.test/yellow_tripdata_2021-01.parquet")
    assert exists()
    monkeypatch.setenv("TLC_BASE_URL", "sandbox")
    assert not exists()


def test_every_load_of_a_month_is_told_newest_first_and_of_no_other(place):
    assert ledger.history(JANUARY) == []
    loads = [place.load(JANUARY, rows, source_sha256=f"{rows:064}") for rows in (5, 6, 7)]
    place.load(FEBRUARY, 5)
    assert ledger.history(JANUARY) == [
        replace(load, partition=None, partition_rows=None) for load in reversed(loads)
    ]
    place.query("DROP TABLE {s}._loads")
    assert ledger.history(JANUARY) == []
