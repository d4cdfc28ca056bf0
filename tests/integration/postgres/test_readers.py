"""What others see and feel of a load: the old month or the new one, and hardly any waiting."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core.errors import Transient
from pipeline.core.months import TripMonth
from pipeline.postgres import ledger

JANUARY, FEBRUARY = TripMonth("yellow", 2021, 1), TripMonth("yellow", 2021, 2)
READ = "SELECT count(*), sum(pulocationid) FROM {s}.yellow_trips WHERE source_month = '2021-01-01'"


@contextmanager
def session(place, *statements):
    """A session of another program, in a transaction in which these have run."""
    with engine(place.server.database).begin() as connection:
        for sql in statements:
            connection.exec_driver_sql(sql.replace("{s}", place.schema)).close()
        yield connection


@pytest.fixture
def loading():
    """Run loads beside the test."""
    with ThreadPoolExecutor(2) as threads:
        yield threads.submit


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_reader_sees_the_old_month_or_the_new_one_whole(place, isolation):
    versions = [20_000, 20_001, 20_002]
    place.load(JANUARY, versions[0])
    seen, ended = set(), threading.Event()

    def read_on():
        with engine(place.server.database).connect() as connection:
            connection.execution_options(isolation_level=isolation)
            while not ended.is_set():
                with connection.begin():
                    connection.exec_driver_sql("SELECT 1").close()  # takes the snapshot
                    [row] = connection.exec_driver_sql(READ.replace("{s}", place.schema))
                seen.add(tuple(row))

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read_on)
        for version in versions[1:]:
            wait_until(lambda: seen)
            place.load(JANUARY, version)
        wait_until(lambda: len(seen) == len(versions))
        ended.set()
        reading.result()
    assert {(rows, int(zones)) for rows, zones in seen} == {(n, n * n) for n in versions}


def test_readers_and_other_months_do_not_wait_for_the_copy(place):
    place.load(JANUARY, 5)
    seen = []

    def meanwhile(rows, size):
        with session(place, "SET LOCAL lock_timeout = '200ms'") as reader:
            seen.extend(map(tuple, reader.exec_driver_sql(READ.replace("{s}", place.schema))))
        place.load(FEBRUARY, 7)

    place.load(JANUARY, 6, tell=meanwhile)
    assert seen == [(5, 25)]
    assert place.months() == {"2021-01": (6, 36), "2021-02": (7, 49)}


def test_a_months_first_load_waits_for_no_reader(place):
    place.load(JANUARY, 5)
    with session(place, READ):
        place.load(FEBRUARY, 7)
    assert place.said == []


def test_of_two_loads_of_a_month_one_waits_and_then_finds_it_done(place, loading):
    is_copying, may_end = threading.Event(), threading.Event()

    def hold(rows, size):
        is_copying.set()
        assert may_end.wait(20)

    source = place.canonical(JANUARY, 5)
    first = loading(place.load_file, source, hold)
    assert is_copying.wait(20)
    second = loading(place.load_file, source, lambda *sent: pytest.fail("copied twice"))
    told = wait_until(lambda: [words for words in place.said if "waiting" in words])
    may_end.set()
    assert "waiting for yellow 2021-01, locked by process " in told[0]
    assert "tlc-pipeline" in told[0]
    assert first.result().load_id == second.result().load_id
    assert place.query("SELECT count(*) FROM {s}._loads") == [(1,)]


def test_two_first_loads_at_once_make_the_tables_once(place, loading):
    both = threading.Barrier(2, timeout=20)
    sources = [place.canonical(month, 5) for month in (JANUARY, FEBRUARY)]
    loads = [loading(place.load_file, source, lambda *sent: both.wait()) for source in sources]
    assert [load.result().partition_rows for load in loads] == [5, 5]
    assert place.months() == {"2021-01": (5, 25), "2021-02": (5, 25)}


def test_a_swap_waits_for_a_reader_with_a_message_and_lets_other_readers_pass(place, loading):
    place.load(JANUARY, 5)
    with session(place, READ):
        load = loading(place.load, JANUARY, 6)
        told = wait_until(lambda: [words for words in place.said if "waiting" in words])
        begun = time.monotonic()
        assert place.query(READ) == [(5, 25)]
        assert time.monotonic() - begun < 5
        assert not load.done()
    assert "waiting for" in told[0] and "yellow_trips, locked by process " in told[0]
    assert "idle in transaction" in told[0]
    assert load.result().partition_rows == 6
    assert place.months() == {"2021-01": (6, 36)}


def test_a_lock_that_is_kept_ends_the_load_in_time_and_changes_nothing(place, setting):
    place.load(JANUARY, 5)
    setting("postgres", lock_timeout="0.5")
    with (
        session(place, "LOCK TABLE {s}.yellow_trips IN ACCESS SHARE MODE"),
        pytest.raises(Transient, match=r"yellow_trips is locked .*process \d+ .*0.5 seconds"),
    ):
        place.load(JANUARY, 6)
    assert place.months() == {"2021-01": (5, 25)}
    assert ledger.find(JANUARY).provenance.rows_kept == 5
