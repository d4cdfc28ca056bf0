"""The tables in Postgres: made where they are missing, extended where they are older than we.

Belongs here: making them, and comparing what is there with what is declared. Not here: the
definitions (``definitions.py``), partitions and rows (``load.py``).

What is there is read from the catalog, which locks no table.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.errors import Terminal
from pipeline.postgres.definitions import ledger_table, trips_table
from pipeline.postgres.locks import Lock, Say, take
from pipeline.schemas import ServiceSchema

if TYPE_CHECKING:
    import sqlalchemy as sa

COLUMNS: Final = """
SELECT attname,
  format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""
PARTITIONING: Final = """
SELECT coalesce(pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
FROM pg_class WHERE oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class Held:
    """A table as the database has it; ``columns`` are types by name, ``bigint`` or
    ``date NOT NULL``, and empty where there is no such table. ``partitioning`` is how it is
    partitioned, or which partition of another it is."""

    columns: Mapping[str, str]
    partitioning: str | None

    def __bool__(self) -> bool:
        return bool(self.columns)


def ensure_tables(connection: "sa.Connection", schema: ServiceSchema, say: Say) -> None:
    """Make the service's table and the ledger where they are missing; refuse them as others'.

    Safe to call again, and from two processes at once. A column that the service's table lacks is
    added with the load that brings it (``extend``).

    Raises:
        Terminal: one of them exists with other columns or partitions.
    """
    trips = trips_table(schema)
    _ensure(connection, trips, say)
    lacking(connection, trips)
    ensure_ledger(connection, say)


def ensure_ledger(connection: "sa.Connection", say: Say) -> None:
    """Make the ledger where it is missing; an older one gets the columns that it lacks."""
    ledger = ledger_table()
    _ensure(connection, ledger, say)
    if lacking(connection, ledger):
        extend(connection, ledger)


def ensure_indexes(connection: "sa.Connection", schema: ServiceSchema) -> None:
    """Make the indexes that the service's table lacks, on all its partitions. Safe to call again.

    Nobody can write to them meanwhile.
    """
    for index in trips_table(schema).indexes:
        index.create(connection, checkfirst=True)


def held(connection: "sa.Connection", table: "sa.Table") -> Held:
    """Return what the database has of that name; false where there is nothing."""
    name = (quoted(connection, table),)
    rows = connection.exec_driver_sql(COLUMNS, name)
    columns = {str(column): str(kind) for column, kind in rows}
    return Held(columns, connection.exec_driver_sql(PARTITIONING, name).scalar())


def lacking(connection: "sa.Connection", table: "sa.Table") -> "list[sa.Column[Any]]":
    """Return the declared columns that the database's table lacks and may have.

    Raises:
        Terminal: it differs otherwise.
    """
    seen, expected = held(connection, table), _declared(connection, table)
    _refuse_difference(table, "partitions", seen.partitioning, expected.partitioning)
    missing = {name for name in expected.columns.keys() - seen.columns.keys()
               if not expected.columns[name].endswith("NOT NULL")}  # fmt: skip
    differing = [name for name, kind in expected.columns.items()
                 if name not in missing and seen.columns.get(name) != kind]  # fmt: skip
    _refuse_difference(
        table,
        "columns",
        {name: seen.columns.get(name, "missing") for name in differing},
        {name: expected.columns[name] for name in differing},
    )
    return [column for column in table.columns if column.name in missing]


def extend(connection: "sa.Connection", table: "sa.Table") -> None:
    """Add the declared columns that the database's table lacks; it must be locked, or ours."""
    from sqlalchemy.schema import CreateColumn, SetColumnComment

    for column in lacking(connection, table):
        told = CreateColumn(column).compile(dialect=connection.dialect)
        add_column(connection, table, str(told))
        connection.execute(SetColumnComment(column))


def add_column(connection: "sa.Connection", table: "sa.Table", told: str) -> None:
    """Add the column that ``told`` defines, unless there is one of its name."""
    sql = f"ALTER TABLE {quoted(connection, table)} ADD COLUMN IF NOT EXISTS {told}"
    connection.exec_driver_sql(sql)


def quoted(connection: "sa.Connection", table: "sa.Table") -> str:
    """Return the table's name with its schema, as SQL has it."""
    return connection.dialect.identifier_preparer.format_table(table)


def _ensure(connection: "sa.Connection", table: "sa.Table", say: Say) -> None:
    if held(connection, table):
        return
    number = zlib.crc32(f"tlc {table.schema}".encode())
    making = Lock(
        f"the making of tables in {table.schema}",
        f"SELECT pg_advisory_xact_lock({number})",
        f"locktype = 'advisory' AND (classid, objid) = (0, {number})",
    )
    take(connection, making, say)
    if not held(connection, table):
        table.create(connection, checkfirst=False)


def _declared(connection: "sa.Connection", table: "sa.Table") -> Held:
    options = table.dialect_options["postgresql"]
    kinds = {
        column.name: column.type.compile(connection.dialect).lower()
        + ("" if column.nullable else " NOT NULL")
        for column in table.columns
    }
    return Held(kinds, options["partition_by"])


def _refuse_difference(table: "sa.Table", what: str, seen: Any, expected: Any) -> None:
    if seen != expected:
        raise Terminal(
            f"table {table.fullname} exists with other {what}",
            seen=seen or "none",
            expected=expected or "none",
            next_step="use another [postgres] schema or connection, or move that table away",
        )
