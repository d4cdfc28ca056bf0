"""Parquet as a load job reads it: by column name, strictly by type.

Belongs here: which BigQuery type a parquet column is, and the expression that reads it. Not here:
schemas of tables (``schema.py``), writing rows (``load.py``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.database import literal, quoted
from pipeline.sandbox.warehouse.schema import Field, by_name

_BIGQUERY_TYPES: Final = {
    "BOOLEAN": "BOOLEAN",
    "FLOAT": "FLOAT",
    "DOUBLE": "FLOAT",
    "VARCHAR": "STRING",
    "BLOB": "BYTES",
    "DATE": "DATE",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    # Nanoseconds and columns of nothing but nulls arrive as INTEGER, as in the real service.
    "TIMESTAMP_NS": "INTEGER",
    "TIMESTAMPTZ_NS": "INTEGER",
    '"NULL"': "INTEGER",
} | dict.fromkeys(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"],
    "INTEGER",
)
_CPP_TYPES: Final = {
    "INTEGER": "INT64",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOL",
    "DATE": "INT32",
    "DATETIME": "INT64",
    "TIMESTAMP": "INT64",
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
READING: Final = "Error while reading data, error message: "


@dataclass(frozen=True)
class Column:
    """A column of a parquet file: its physical type, DuckDB's type, BigQuery's type or None."""

    name: str
    physical: str
    duckdb_type: str
    type: str | None

    def field(self) -> Field:
        """Return the field that BigQuery would infer for the column."""
        if self.type is None:
            raise NotImplementedHere(f"parquet columns of type {self.duckdb_type} ({self.name})")
        return {"name": self.name, "type": self.type, "mode": "NULLABLE"}

    def read_as(self, field: Field, source: str) -> str:
        """Return the SQL that reads the column into ``field``.

        Raises ApiError 400 where the types differ; nothing is ever coerced.
        """
        if self.type != field["type"]:
            target = _CPP_TYPES.get(field["type"], field["type"])
            raise Invalid(
                f"{READING}Parquet column '{self.name}' has type {self.physical} which does not "
                f"match the target cpp_type {target}. File: {source}",
            )
        if self.duckdb_type in ("TIMESTAMP_NS", "TIMESTAMPTZ_NS"):
            return f"epoch_ns({quoted(self.name)})"
        return quoted(self.name)


@dataclass(frozen=True)
class ParquetFile:
    """A local parquet file that is known by the URI ``source``."""

    path: Path
    source: str
    columns: tuple[Column, ...]

    @property
    def relation(self) -> str:
        """The SQL that reads its rows."""
        return f"read_parquet({literal(str(self.path))}, hive_partitioning = false)"

    def fields(self) -> list[Field]:
        """Return the schema that BigQuery would infer from the file."""
        return [column.field() for column in self.columns]

    def projection(self, fields: Sequence[Field]) -> list[tuple[Field, str]]:
        """Return, for each of ``fields`` that the file has, the SQL that reads it.

        Raises ApiError 400 where a type differs, or the file has columns beside ``fields``.
        """
        wanted = by_name(fields)
        extra = [column for column in self.columns if column.name.casefold() not in wanted]
        if extra:
            raise Invalid(
                f"{READING}No such field: {extra[0].name}. File: {self.source}",
            )
        pairs = [(wanted[column.name.casefold()], column) for column in self.columns]
        return [(field, column.read_as(field, self.source)) for field, column in pairs]


def opened(cursor: duckdb.DuckDBPyConnection, path: Path, source: str) -> ParquetFile:
    """Return the file's columns; raise ApiError 400 where it is no parquet file."""
    text = literal(str(path))
    try:
        types = cursor.execute(
            f"SELECT column_name, column_type FROM "
            f"(DESCRIBE FROM read_parquet({text}, hive_partitioning = false))"
        ).fetchall()
        physical = dict(
            cursor.execute(f"SELECT name, coalesce(type, '') FROM parquet_schema({text})")
            .fetchall()
        )  # fmt: skip
    except duckdb.Error as error:
        raise Invalid(f"{READING}Input file is not in Parquet format. File: {source}") from error
    columns = [Column(name, physical[name], kind, _bigquery_type(kind)) for name, kind in types]
    return ParquetFile(path, source, tuple(columns))


def _bigquery_type(duckdb_type: str) -> str | None:
    decimal = _DECIMAL.fullmatch(duckdb_type)
    if decimal is None:
        return _BIGQUERY_TYPES.get(duckdb_type)
    precision, scale = int(decimal[1]), int(decimal[2])
    return "NUMERIC" if scale <= 9 and precision - scale <= 29 else None
