"""A real PostgreSQL for tests: the sandbox's, or the one that TLC_TEST_POSTGRES_URL names."""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from support.waiting import wait_until

from pipeline.connections.postgres import Database, engine
from pipeline.sandbox.postgres import lifecycle


@dataclass(frozen=True)
class PostgresUnderTest:
    """A database, as whom to use it, and (for the sandbox's server) where its files are."""

    database: Database
    home: Path | None = None

    @property
    def settings(self) -> dict[str, dict[str, str]]:
        """The sections of settings that lead here."""
        told = {k: str(v) for k, v in vars(self.database).items() if v is not None}
        return {
            "connection:under-test": {"kind": "postgres", **told},
            "postgres": {"connection": "under-test"},
        }

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement in a session and transaction of its own; return its rows."""
        with engine(self.database).begin() as connection:
            done = connection.exec_driver_sql(sql, values or None)
            return [tuple(row) for row in done] if done.returns_rows else []

    @contextmanager
    def fresh_database(self) -> "Iterator[PostgresUnderTest]":
        """Another database on the same server, dropped afterwards."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self._outside_transaction(f"CREATE DATABASE {name}")
        try:
            yield replace(self, database=replace(self.database, db=name))
        finally:
            self._outside_transaction(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def role(self, password: str, can: str = "LOGIN") -> Iterator[Database]:
        """The same database as a role of no rights but ``can``; ``password`` is its secret.

        The database returned refers to no password: add the reference that is to be tried.
        """
        name = f"r{uuid.uuid4().hex[:12]}"
        self.query(f"CREATE ROLE {name} {can} PASSWORD '{password}'")
        try:
            yield replace(self.database, user=name, password=None)
        finally:
            self.query(f"DROP OWNED BY {name} CASCADE")
            self.query(f"DROP ROLE {name}")

    @property
    def server(self) -> lifecycle.PostgresServer | None:
        assert self.home is not None, "the server of TLC_TEST_POSTGRES_URL is not ours"
        return lifecycle.find(self.home)

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.server is not None
        os.kill(self.server.pid, signal.SIGKILL)
        wait_until(lambda: self.server is None)

    def start(self) -> None:
        """Start it again, at the same port."""
        assert self.home is not None
        lifecycle.ensure_running(self.home, self.database.port)

    def stop(self) -> None:
        if self.home is not None:
            lifecycle.stop(self.home)

    def _outside_transaction(self, sql: str) -> None:
        with engine(self.database).connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(sql)


def given_server(folder: Path) -> PostgresUnderTest | None:
    """The server that TLC_TEST_POSTGRES_URL names; its password goes into a file in ``folder``."""
    url = urlsplit(os.environ.get("TLC_TEST_POSTGRES_URL", ""))
    if not url.hostname:
        return None
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(unquote(url.password or ""))
    password = f"file:{secret}" if url.password else None
    user, db = unquote(url.username or "postgres"), url.path.strip("/") or "postgres"
    sslmode = dict(parse_qsl(url.query)).get("sslmode", "prefer")
    return PostgresUnderTest(Database(url.hostname, url.port or 5432, user, db, password, sslmode))


def started(home: Path) -> PostgresUnderTest:
    """The sandbox's kind of server, on any free port."""
    server = lifecycle.ensure_running(home, 0)
    password = f"file:{server.password_file}"
    database = Database(server.host, server.port, server.user, "postgres", password, "disable")
    return PostgresUnderTest(database, home)


def copied_cluster(empty: Path, home: Path) -> Path:
    """Copy a cluster that never ran, with its owner: quicker than making one."""
    subprocess.run(["cp", "-a", str(empty), str(home)], check=True)
    return home
