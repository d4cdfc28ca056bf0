"""Rows on their way out: results of queries, kept a day on disk, and pages of any relation.

Belongs here: result files and reading one page. Not here: the cells' encoding (``sql/``).
"""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.catalog import Cursor, Resource
from pipeline.sandbox.warehouse.database import literal, quoted
from pipeline.sandbox.warehouse.schema import DUCKDB_TYPES, Field
from pipeline.sandbox.warehouse.sql import encode_rows, readable

KEPT_SECONDS: Final = 24 * 3600
PAGE_ROWS: Final = 10_000
"""A page is never longer, so that no request keeps the other threads waiting for long."""


@dataclass(frozen=True)
class Results:
    """The folder with one parquet file for each query that named no destination."""

    folder: Path

    def expire(self) -> None:
        """Delete what is older than a day, as the real service does."""
        self.folder.mkdir(exist_ok=True)
        for file in self.folder.iterdir():
            if file.stat().st_mtime < time.time() - KEPT_SECONDS:
                file.unlink()

    def write(self, cursor: Cursor, job: Resource, sql: str, fields: Sequence[Field]) -> None:
        """Run ``sql`` and keep its rows; on disk when this returns."""
        file = self._file(job)
        part = file.with_suffix(".part")
        columns = ", ".join(_stored(field) for field in fields)
        cursor.execute(
            f"COPY (SELECT {columns} FROM ({sql})) TO {literal(str(part))} (FORMAT parquet)"
        )
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)

    def relation(self, job: Resource) -> str:
        """Return the SQL that reads a finished query's rows; raise 404 where they have expired."""
        file = self._file(job)
        if not file.exists():
            raise ApiError(404, "notFound", f"Not found: results of {job['id']} have expired")
        return f"read_parquet({literal(str(file))})"

    def _file(self, job: Resource) -> Path:
        return self.folder / f"{hashlib.sha256(job['id'].encode()).hexdigest()[:32]}.parquet"


@dataclass(frozen=True)
class Page:
    """Which rows are wanted: ``size`` from ``start`` on, timestamps as integers or floats."""

    start: int
    size: int
    int64_timestamps: bool

    def of(self, cursor: Cursor, relation: str, fields: Sequence[Field]) -> Resource:
        """Return ``rows``, ``totalRows`` and, unless it is the last, ``pageToken``."""
        counted = cursor.execute(f"SELECT count(*) FROM {relation}").fetchone()
        total, size = int(counted[0]) if counted else 0, min(self.size, PAGE_ROWS)
        answer: Resource = {"totalRows": str(total)}
        if size > 0:
            rows = cursor.execute(
                f"SELECT {readable(fields)} FROM {relation} LIMIT {size} OFFSET {self.start}"
            ).fetchall()
            answer["rows"] = encode_rows(rows, fields, int64_timestamps=self.int64_timestamps)
        end = self.start + max(size, 0)
        return answer | ({"pageToken": str(end)} if end < total else {})


def _stored(field: Field) -> str:
    """Cast what parquet would not keep as it is: DuckDB's 128-bit sums."""
    column = quoted(field["name"])
    if field["mode"] == "REPEATED" or field["type"] not in DUCKDB_TYPES:
        return column
    return f"CAST({column} AS {DUCKDB_TYPES[field['type']]}) AS {column}"
