"""Three months that are everywhere: on disk, in the lake, in the warehouse and in Postgres."""

import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa
import pyarrow.parquet as pq
from luigi.cmdline import luigi_run
from support.postgres import PostgresUnderTest
from support.publisher import FaultyPublisher
from support.sandbox import RunningSandbox
from support.workspace import Workspace

from pipeline.connections.google import bigquery_client, storage_client
from pipeline.core.months import TripMonth
from pipeline.lake import bucket
from pipeline.sandbox.publisher.samples import write_sample

JANUARY, FEBRUARY = TripMonth("yellow", 2021, 1), TripMonth("yellow", 2021, 2)
DIRTY = TripMonth("green", 2021, 1)
"""Of its rows, one is in quarantine."""
ROWS = {JANUARY: 300, FEBRUARY: 400, DIRTY: 1_999}


class World(Workspace):
    """A workspace whose services are the tests', and whose commands all run in this process."""

    def __init__(self, root: Path, sandbox: RunningSandbox, postgres: PostgresUnderTest) -> None:
        super().__init__(root)
        self.name, self.postgres = f"t{uuid.uuid4().hex[:12]}", postgres
        self.publisher = FaultyPublisher().__enter__()
        self.pg("CREATE SCHEMA {s}")
        self.variables["TLC_BASE_URL"] = self.publisher.url
        self.set("core", local_scheduler="true")
        self.set("connection:sandbox", endpoint=sandbox.url)
        self.set("lake", bucket=self.name, create_bucket="true")
        self.set("bigquery", project=self.name, dataset=self.name)
        for section, values in postgres.settings.items():
            self.set(section, **values)
        self.set("postgres", schema=self.name, lock_timeout="20")

    def publish(self, month: TripMonth, rows: int) -> None:
        """Have the publisher serve a sample; of green, a passenger of one is one and a half."""
        path = self.root / month.file_name
        write_sample(month, rows, path)
        if month == DIRTY:
            trips = pq.read_table(path)
            counts = pa.array([1.5, *[1.0] * (rows - 1)])
            place = trips.schema.get_field_index("passenger_count")
            pq.write_table(trips.set_column(place, "passenger_count", counts), path)
        self.publisher.serve(path, month.file_name)

    def load_all(self) -> None:
        """Bring every month everywhere."""
        from pipeline import LoadMonthToBQ, LoadMonthToPostgres

        for month in ROWS:
            self.publish(month, ROWS[month] + (month == DIRTY))
        with self.settings():
            told = [dict(service=m.service, year=m.year, month=m.month) for m in ROWS]
            tasks = [task(**one) for task in (LoadMonthToBQ, LoadMonthToPostgres) for one in told]
            assert luigi.build(tasks, local_scheduler=True)

    def mend(self, printed: str) -> int:
        """Run a command as it was printed, and return its exit code."""
        program, *words = shlex.split(printed)
        if program == "tlc":
            return self.tlc(*words).returncode
        assert program == "luigi"
        with self.settings():
            try:
                luigi_run(words)
            except SystemExit as ended:
                return int(ended.code or 0)
        raise AssertionError("Luigi did not exit")

    def sql(self, sql: str) -> list[tuple[Any, ...]]:
        """Run GoogleSQL in which ``{d}`` is the dataset."""
        with self.settings():
            rows = bigquery_client().query_and_wait(sql.replace("{d}", self.name))
            return [tuple(row.values()) for row in rows]

    def pg(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement in Postgres in which ``{s}`` is the schema."""
        return self.postgres.query(sql.replace("{s}", self.name))

    @contextmanager
    def blob(self, name: str) -> Iterator[Any]:
        """An object of the lake."""
        with self.settings():
            yield storage_client().bucket(self.name).blob(name)

    def rows(self, month: TripMonth) -> tuple[int, int, int]:
        """How many rows of the month readers of the lake, the warehouse and Postgres see."""
        with self.settings():
            stored = bucket.find(month)
            kept = stored.provenance.rows_kept if stored and stored.provenance else 0
        where = f"WHERE source_month = DATE '{month.first_day}'"
        [(loaded,)] = self.sql(f"SELECT COUNT(*) FROM `{{d}}.{month.table_name}` {where}")
        [(copied,)] = self.pg(f"SELECT count(*) FROM {{s}}.{month.table_name} {where}")
        return kept or 0, loaded, copied

    def close(self) -> None:
        self.pg("DROP SCHEMA IF EXISTS {s} CASCADE")
        self.publisher.__exit__(None, None, None)
