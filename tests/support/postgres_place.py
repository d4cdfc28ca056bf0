"""A schema of a test's own on a real server, and canonical months to load into it."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa
import pytest
from support.canonical import plain_rows, write_canonical
from support.configuration import forget_everything
from support.postgres import PostgresUnderTest

from pipeline.core import settings
from pipeline.core.months import TripMonth
from pipeline.core.profile import load_profile
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.postgres.ledger import Load
from pipeline.postgres.load import load_month


class Place:
    """A schema, this process's settings that lead to it, and what it holds."""

    def __init__(self, server: PostgresUnderTest, data_dir: Path) -> None:
        self.server, self.data_dir = server, data_dir
        self.schema = f"t{uuid.uuid4().hex[:12]}"
        self.said: list[str] = []

    @property
    def settings(self) -> dict[str, dict[str, str]]:
        """The sections of settings that lead here."""
        told = self.server.settings
        told["postgres"] |= {"schema": self.schema, "lock_timeout": "20"}
        return {**told, "local": {"data_dir": str(self.data_dir)}}

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement, in which ``{s}`` is the schema, in a session of its own."""
        return self.server.query(sql.replace("{s}", self.schema), *values)

    def canonical(
        self, month: TripMonth, rows: pa.Table | int, **changes: Any
    ) -> CanonicalMonthTarget:
        """Leave a canonical month: a table, or that many rows of a zone of the same number."""
        table = plain_rows(month, rows, rows) if isinstance(rows, int) else rows
        return write_canonical(self.data_dir, month, table, **changes)

    def load(
        self,
        month: TripMonth,
        rows: pa.Table | int,
        tell: Callable[[int, int], None] = lambda rows, size: None,
        **changes: Any,
    ) -> Load:
        return self.load_file(self.canonical(month, rows, **changes), tell)

    def load_file(self, source: CanonicalMonthTarget, tell: Callable[[int, int], None]) -> Load:
        return load_month(source, tell, self.say)

    def environment(self) -> dict[str, str]:
        """The environment of a process that is to work here, too."""
        config = self.data_dir / "settings.cfg"
        lines = [f"[{name}]\n" + "\n".join(f"{key} = {value}" for key, value in section.items())
                 for name, section in self.settings.items()]  # fmt: skip
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("\n".join(lines))
        return {**os.environ, "LUIGI_CONFIG_PATH": str(config)}

    def loader(self, moment: str, month: TripMonth) -> "subprocess.Popen[str]":
        """Load the canonical month in a process; return it at the moment."""
        words = [self.data_dir, moment, month.key]
        process = subprocess.Popen(
            [sys.executable, "-m", "support.postgres_loader", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=settings.PROJECT_ROOT,
            env={**self.environment(), "PYTHONPATH": "tests"},
        )
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == f"{moment}\n", process.stderr.read()
        return process

    def say(self, message: str) -> None:
        if not message.startswith("building"):
            self.said.append(message)

    def months(self) -> dict[str, tuple[int, int]]:
        """Rows, and the sum of pickup zones, by month."""
        sql = "SELECT source_month, count(*), sum(pulocationid) FROM {s}.yellow_trips GROUP BY 1"
        return {f"{day:%Y-%m}": (rows, int(zones)) for day, rows, zones in self.query(sql)}

    def tables(self) -> set[str]:
        """Every table and index of the schema, as ``name kind``."""
        sql = "SELECT relname FROM pg_class WHERE relnamespace = '{s}'::regnamespace"
        return {name for (name,) in self.query(sql)}


@contextmanager
def placed(server: PostgresUnderTest, data_dir: Path, patch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place(server, data_dir)
    made.query("CREATE SCHEMA {s}")
    load_profile()
    patch.setenv("TLC_BASE_URL", "http://127.0.0.1/trip-data")
    config = luigi.configuration.get_config()
    for section, values in made.settings.items():
        if not config.has_section(section):
            config.add_section(section)
        for name, value in values.items():
            patch.setitem(config[section], name, value)
    forget_everything()
    yield made
    made.query("DROP SCHEMA {s} CASCADE")
    forget_everything()
