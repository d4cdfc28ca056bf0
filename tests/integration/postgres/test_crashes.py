"""A worker or a server that ends in mid load: the old month stands, and nothing is left behind."""

import signal

import pytest
from sqlalchemy import event
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core.errors import Transient
from pipeline.core.months import TripMonth

JANUARY = TripMonth("yellow", 2021, 1)
OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'tlc-pipeline'"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def loader(place):
    """Begin a load in a process of its own and return it at the moment."""
    running = []

    def begin(moment):
        running.append(place.loader(moment, JANUARY))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("moment", "name"),
    [("copying", "SIGKILL"), ("copying", "SIGTERM"), ("indexing", "SIGINT")],
)
def test_a_worker_ended_in_mid_load_leaves_the_old_month_and_no_session(
    place, loader, moment, name
):
    place.load(JANUARY, 5)
    before = place.tables()
    place.canonical(JANUARY, 20_000)
    process = loader(moment)
    assert place.query(OTHERS) != []
    process.send_signal(getattr(signal, name))
    assert process.wait(10) != 0
    wait_until(lambda: place.query(OTHERS) == [], 10)
    assert place.months() == {"2021-01": (5, 25)}
    assert place.tables() == before
    place.load(JANUARY, 20_000)
    assert place.months() == {"2021-01": (20_000, 20_000**2)}


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_worker_ended_while_it_waits_leaves_no_session_that_goes_on_waiting(place, loader, name):
    place.load(JANUARY, 5)
    place.canonical(JANUARY, 6)
    with engine(place.server.database).begin() as reader:
        reader.exec_driver_sql(f"LOCK TABLE {place.schema}.yellow_trips IN ACCESS SHARE MODE")
        process = loader("swapping")
        waiting = (
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE NOT granted AND mode = 'AccessExclusiveLock' AND datname = current_database()"
        )
        wait_until(lambda: place.query(waiting))
        process.send_signal(getattr(signal, name))
        process.wait(10)
        wait_until(lambda: not place.query(waiting), 10)
    assert place.months() == {"2021-01": (5, 25)}


def test_a_server_killed_in_mid_copy_is_weather_and_keeps_the_old_month(own_place):
    own_place.load(JANUARY, 5)
    before = own_place.tables()
    with pytest.raises(Transient, match="Postgres failed loading yellow 2021-01; ") as failed:
        own_place.load(JANUARY, 20_000, tell=lambda rows, size: own_place.server.kill())
    assert "run the same command again" in str(failed.value)
    own_place.server.start()
    assert own_place.months() == {"2021-01": (5, 25)}
    assert own_place.tables() == before
    own_place.load(JANUARY, 20_000)
    assert own_place.months() == {"2021-01": (20_000, 20_000**2)}


def test_a_server_killed_as_a_load_begins_is_weather_too(own_place):
    own_place.load(JANUARY, 5)
    event.listen(
        engine(own_place.server.database),
        "savepoint",
        lambda *_: own_place.server.kill(),
        once=True,
    )
    with pytest.raises(Transient, match="Postgres failed loading yellow 2021-01; "):
        own_place.load(JANUARY, 6)
    own_place.server.start()
    assert own_place.months() == {"2021-01": (5, 25)}
