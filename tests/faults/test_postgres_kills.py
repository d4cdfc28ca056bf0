"""``kill -9`` of worker or server at any moment of a load of three months, with a reader all along.

Each round has another version of every month. Whatever is killed, the reader sees of each month one
version or another, whole; and in the end the newest, once, with the ledger agreeing.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError
from support.campaign import campaign
from support.postgres_place import Place, placed

from pipeline.core.months import TripMonth
from pipeline.postgres import ledger

MONTHS = [TripMonth("yellow", 2021, number) for number in (1, 2, 3)]
ROWS = 15_000
KILLS = ("worker", "server", "worker", "server")


@pytest.fixture
def place(own_postgres, tmp_path, monkeypatch):
    with placed(own_postgres, tmp_path / "data", monkeypatch) as made:
        yield made


@campaign(short=1)
def test_every_month_ends_whole_and_is_never_seen_half(place, seed):
    chance = random.Random(seed)
    load_all(place, ROWS)
    seen, ended = set(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read_on, place, seen, ended)
        try:
            for version, victim in enumerate(KILLS, ROWS + 1):
                write_all(place, version)
                kill_once(place, victim, chance)
            load_all(place, version + 1)
        finally:
            ended.set()
        reading.result()
    assert seen <= {(n, n * n) for n in range(ROWS, version + 2)}
    assert {*place.months().values()} == {(version + 1, (version + 1) ** 2)}
    loads = ledger.loaded_months()
    assert [(load.is_whole, load.partition_rows) for load in loads.values()] == [
        (True, version + 1)
    ] * len(MONTHS)
    assert not [name for name in place.tables() if "new" in name]


def kill_once(place: Place, victim: str, chance: random.Random) -> None:
    loader = place.loader("begin", *MONTHS)
    time.sleep(chance.uniform(0, 1.2))
    if victim == "worker":
        loader.kill()
    else:
        place.server.kill()
    told = loader.communicate(timeout=60)[1]
    assert "Traceback" not in told
    if victim == "server":
        place.server.start()


def write_all(place: Place, rows: int) -> None:
    for month in MONTHS:
        place.canonical(month, rows)


def load_all(place: Place, rows: int) -> None:
    for month in MONTHS:
        place.load(month, rows)


def read_on(place: Place, seen: set[tuple[int, int]], ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(DBAPIError):
            seen |= {*place.months().values()}
