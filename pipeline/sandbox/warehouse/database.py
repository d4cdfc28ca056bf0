"""The one DuckDB file: opening it, transactions, one writer at a time.

Belongs here: connections, settings, the tables of the schema ``_sandbox``. Not here: what the rows
of those tables mean (``catalog.py``, ``jobs.py``).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from pipeline.sandbox.http import ApiError

FILE_NAME: Final = "warehouse.duckdb"
MEMORY: Final = "500MB"
"""A load takes all that it may; with this much the sandbox holds any month in less than 768 MB."""
RESERVED: Final = ("_sandbox", "main", "temp", "system", "pg_catalog", "information_schema")
TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS _sandbox;
CREATE TABLE IF NOT EXISTS _sandbox.datasets (dataset VARCHAR, resource VARCHAR);
CREATE TABLE IF NOT EXISTS _sandbox.tables (dataset VARCHAR, name VARCHAR, resource VARCHAR);
CREATE TABLE IF NOT EXISTS _sandbox.partitions (
    dataset VARCHAR, name VARCHAR, partition_id VARCHAR, rows BIGINT, bytes BIGINT,
    modified_ms BIGINT);
CREATE TABLE IF NOT EXISTS _sandbox.jobs (
    project VARCHAR, job_id VARCHAR, location VARCHAR, created_ms BIGINT,
    state VARCHAR, resource VARCHAR, upload VARCHAR);
"""


class Database:
    """The file ``<root>/warehouse.duckdb``. Safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(
            str(root / FILE_NAME),
            config={
                "threads": 2,
                "memory_limit": MEMORY,
                "temp_directory": str(root / "tmp"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection.execute(TABLES)
        self._writer = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection that sees committed data, each statement for itself."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def snapshot(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection all of whose statements see the same committed data."""
        with self.reading() as cursor:
            cursor.execute("BEGIN")
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection in a transaction: committed at the end, rolled back on an error.

        Waits for whoever writes; whatever changes datasets or tables goes through here.
        """
        with self._writer, self.reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Close the file. No other thread may be using it."""
        self._connection.close()


def quoted(name: str) -> str:
    """Return ``name`` as a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return ``text`` as a DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def refusal(error: duckdb.Error) -> ApiError:
    """Return the 4xx that a failed statement amounts to; 5xx would be retried for ten minutes."""
    message = str(error).partition("\n\n")[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return ApiError(400, "resourcesExceeded", f"Resources exceeded: {message}")
    if isinstance(error, duckdb.InterruptException):
        return ApiError(400, "stopped", "Job execution was cancelled: User requested cancellation")
    return ApiError(400, "invalidQuery", message)
