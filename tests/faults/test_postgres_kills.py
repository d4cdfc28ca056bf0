"""``kill -9`` of worker or server in any phase of a load of three months, with a reader all along.

Before each kill every month is published anew, so that there is something to load; after it, the
same tasks end the work. The judge is DuckDB, which reads the files. A seed of the short form kills
two workers and two servers; one of the long form ten and ten, in every phase, and larger months.
"""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import duckdb
import luigi
import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError
from support.campaign import LENGTH, campaign
from support.canonical import chance_rows, write_canonical
from support.postgres_place import Place, placed
from support.siege import Siege
from support.workspace import Workspace

from pipeline import LoadMonthToPostgres
from pipeline.core.months import TripMonth
from pipeline.postgres import ledger
from pipeline.schemas import service_schema

MONTHS = [TripMonth("yellow", 2021, number) for number in (1, 2, 3)]
KILLS, ROWS = (2, 20_000) if LENGTH == 1 else (10, 60_000)
PHASES = ("ask", "create", "copy", "index", "swap", "ledger", "commit")
BRIEF = ("create", "ledger")
"""Over before a killer has woken up: the worker is killed, or loses its server, as they begin."""

POLICIES = ("warn", "add")
"""A month that was loaded under the one is not wanted under the other, and loaded anew."""

SEEN = "count(*), sum(pulocationid), sum(dolocationid), sum(fare_amount)"
"""What the reader asks of a month: little, to ask often."""

SUMS = {
    "int64": "count({0}), sum({0})",
    "float64": "count({0}), sum({0})",
    "string": "count({0}), sum(length({0}))",
    "datetime": "count({0}), min({0}), max({0})",
    "date": "min({0}), max({0})",
}
COLUMNS = service_schema("yellow").columns
WHOLE = ", ".join([SEEN, *(SUMS[column.kind].format(column.name.lower()) for column in COLUMNS)])
HELD = "SELECT source_month, {} FROM {{s}}.yellow_trips GROUP BY 1"
LEDGER = """
SELECT month, array_agg(rows_kept ORDER BY load_id), array_agg(source_sha256 ORDER BY load_id)
FROM {s}._loads GROUP BY 1
"""

Months = dict[date, tuple[Any, ...]]


@pytest.fixture
def place(own_postgres, tmp_path, monkeypatch):
    with placed(own_postgres, tmp_path / "data", monkeypatch) as made:
        yield made


@pytest.fixture
def siege(place, tmp_path):
    workspace = Workspace(tmp_path)
    workspace.sections |= place.settings
    workspace.variables |= {"TLC_BASE_URL": "http://127.0.0.1/trip-data", "PYTHONPATH": "tests"}
    return Siege(place, workspace)


@pytest.fixture
def publish(siege, monkeypatch):
    """Leave another version of every month, and a policy under which the last one is not wanted."""
    config = luigi.configuration.get_config()
    if not config.has_section("normalize"):
        config.add_section("normalize")

    def change(versions, seed):
        policy = POLICIES[versions.number % 2]
        siege.workspace.set("normalize", unknown_columns=policy)
        monkeypatch.setitem(config["normalize"], "unknown_columns", policy)
        versions.add(seed, unknown_columns=policy)

    return change


class Versions:
    """What the files held, version by version; of each month, and never an empty one."""

    def __init__(self, place: Place) -> None:
        self.place, self.number = place, 0
        self.of_month: dict[date, list[tuple[Any, ...]]] = {month.first_day: [] for month in MONTHS}

    def add(self, seed: int, **changes: Any) -> None:
        self.number += 1
        for month in MONTHS:
            rows = chance_rows(month, ROWS + self.number, (seed, self.number, month.month))
            path = write_canonical(self.place.data_dir, month, rows, **changes).path
            judge = f"SELECT {WHOLE} FROM read_parquet(?, hive_partitioning = false)"
            [version] = duckdb.execute(judge, [str(path)]).fetchall()
            self.of_month[month.first_day].append(version)

    def expect_newest(self) -> None:
        """Expect the newest version of every month, and one ledger row for each that was."""
        assert held(self.place, WHOLE) == {day: last for day, (*_, last) in self.of_month.items()}
        rows = [ROWS + number for number in range(1, self.number + 1)]
        loads = {day: (rows, [f"{count:064x}" for count in rows]) for day in self.of_month}
        assert {day: tuple(told) for day, *told in self.place.query(LEDGER)} == loads

    def expect_none_but_whole(self, readings: list[Months]) -> None:
        """Expect each reading to be of whole versions, and none to be followed by an older one."""
        for day, versions in self.of_month.items():
            known = [None, *(version[: SEEN.count("(")] for version in versions)]
            seen = [reading.get(day) for reading in readings]
            assert [one for one in seen if one not in known] == []
            numbers = [known.index(one) for one in seen]
            assert numbers == sorted(numbers)
            assert numbers[-1] == self.number


@contextmanager
def reading(place: Place) -> Iterator[list[Months]]:
    """Read all months over and over meanwhile; yield what was read, the same again but once."""
    readings: list[Months] = []
    ended = threading.Event()

    def read_on() -> None:
        while not ended.wait(0.02):
            with suppress(OperationalError):  # the server is killed now and then
                found = held(place, SEEN)
                if readings[-1:] != [found]:
                    readings.append(found)

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(read_on)
        try:
            yield readings
        finally:
            ended.set()
        done.result()


def held(place: Place, asked: str) -> Months:
    try:
        return {day: tuple(values) for day, *values in place.query(HELD.format(asked))}
    except ProgrammingError as error:
        assert getattr(error.orig, "pgcode", None) == "42P01"  # before the first load
        return {}


@campaign(short=1, seconds=900, worth=10)
def test_every_month_ends_once_and_is_never_seen_half(place, siege, publish, seed):
    chance = random.Random(seed)
    versions = Versions(place)
    with reading(place) as readings:
        for victim, phase in drawn(chance):
            publish(versions, seed)
            share = 0 if phase in BRIEF else chance.random()
            siege.kill(victim, phase, chance.choice([1, 2, 3]), share)
            load_what_is_left()
            versions.expect_newest()
    versions.expect_none_but_whole(readings)
    print(siege.told(), f"{len(readings)} different readings", sep="\n")


def load_what_is_left() -> None:
    ledger.forget()
    tasks = [LoadMonthToPostgres(year=month.year, month=month.month) for month in MONTHS]
    assert luigi.build(tasks, local_scheduler=True)


def drawn(chance: random.Random) -> list[tuple[str, str]]:
    """Return whom to kill in which phase, in any order: in each, where there are kills enough."""
    kills = []
    for victim in ("worker", "server"):
        phases = chance.sample(PHASES, min(KILLS, len(PHASES)))
        phases += chance.choices(PHASES, k=KILLS - len(phases))
        kills += [(victim, phase) for phase in phases]
    chance.shuffle(kills)
    return kills
