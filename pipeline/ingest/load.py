"""Load a named file's rows into a named table: in one transaction, and once.

Belongs here: what becomes of a table that is there, and whether a file is in it already. Not here:
the rows (``rows.py``), and how COPY takes them (``postgres/copy.py``).
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.postgres import engine, explained
from pipeline.core import settings
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.provenance import Provenance
from pipeline.ingest.rows import Rows
from pipeline.postgres.copy import copy_batches, filled
from pipeline.postgres.definitions import (
    LEDGER,
    MOST_NAME_BYTES,
    ledger_table,
    named_table,
    trip_column,
)
from pipeline.postgres.encode import Tell, column_type, without_binary_form
from pipeline.postgres.ledger import UNDEFINED
from pipeline.postgres.locks import Lock, Say, take
from pipeline.postgres.tables import ensure_ledger, held, lacking, quoted
from pipeline.postgres.transaction import transaction

if TYPE_CHECKING:
    import sqlalchemy as sa

RECORDED: Final = """
SELECT sum(rows_kept), count(*) FILTER (
  WHERE (source_url, source_etag, schema_version IS NOT NULL) = (%s, %s, %s)
)
FROM {ledger}
WHERE table_name = %s AND month IS NULL AND load_id >= coalesce((
  SELECT max(load_id) FROM {ledger} WHERE table_name = %s AND month IS NULL AND NOT is_appended
), 0)
"""
CHANGED: Final = """
SELECT pg_relation_size(oid) = 0 OR pg_stat_get_tuples_deleted(oid) > 0
  OR pg_stat_get_tuples_inserted(oid) NOT IN (0, %s)
FROM pg_class WHERE oid = to_regclass(%s)
"""


class Existing(StrEnum):
    """What becomes of a table that is there already."""

    REFUSE = "refuse"
    REPLACE = "replace"
    APPEND = "append"


@dataclass(frozen=True)
class Destination:
    """The table that a user named, and what becomes of one of that name.

    Raises:
        BadRequest: it is the ledger, or a name that PostgreSQL would cut.
    """

    name: str
    existing: Existing = Existing.REFUSE

    def __post_init__(self) -> None:
        if (
            self.name in ("", LEDGER)
            or not {"%", "."}.isdisjoint(self.name)
            or not settings.is_text(self.name)
            or len(f"{self.name}_new".encode()) > MOST_NAME_BYTES
        ):
            raise BadRequest("no name for a table to load into", seen=repr(self.name),
                             expected=f"1 to 59 bytes without % and dots, and not {LEDGER}",
                             next_step="tell the schema by [postgres] schema")  # fmt: skip

    def lock(self) -> Lock:
        """Return the lock that each load into the table holds from its beginning to its end."""
        number = zlib.crc32(f"tlc {settings.postgres().schema}.{self.name}".encode())
        return Lock(
            f"the loading of {self.name}",
            f"SELECT pg_advisory_xact_lock({number})",
            f"locktype = 'advisory' AND (classid, objid) = (0, {number})",
        )


def is_ingested(into: Destination, url: str, version: str, *, is_canonical: bool) -> bool:
    """Return whether that version of the file is in the table, by the ledger and the table.

    ``is_canonical`` tells in which columns: its service's, or the file's own. A table that others
    changed does not hold it. One that is appended to does, unless it is empty: others may insert
    there, and what they delete is not made up for.

    Raises:
        Transient, Terminal: the server does not answer, or refuses.
    """
    from sqlalchemy.exc import ProgrammingError

    with explained(f"asking what is loaded into {into.name}"), engine().begin() as connection:
        try:
            return _is_ingested(connection, into, url, version, is_canonical)
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in UNDEFINED:
                raise
            return False


def ingest(rows: Rows, into: Destination, tell: Tell, say: Say) -> int | None:
    """Load the rows and return how many; None where that version is loaded already.

    A reader sees the table as it was or as it is to be. Safe to call again.

    Raises:
        Terminal: the table is there and is neither to be replaced nor appended to, or has other
            columns, or the server refused the rows; nothing is changed.
        Transient: the server failed, or another session kept its lock; nothing is changed.
    """
    told = rows.provenance
    with explained("preparing the ledger"), engine().begin() as connection:
        ensure_ledger(connection, say)
    with transaction(f"loading {into.name}", into.lock(), say) as connection:
        is_canonical = told.schema_version is not None
        if _is_ingested(connection, into, told.source_url, told.source_etag, is_canonical):
            return None
        copied = _loaded(connection, rows, into, tell, say)
        if rows.count is not None and copied != rows.count:
            raise Terminal(f"{into.name}: what was copied is not the file",
                           seen=f"{copied} rows", expected=f"{rows.count} rows")  # fmt: skip
        return copied


def _loaded(
    connection: "sa.Connection", rows: Rows, into: Destination, tell: Tell, say: Say
) -> int:
    table = named_table(into.name, list(_columns(rows)))
    if column := without_binary_form(rows.schema):
        say(f"goes as CSV, because column {column.name} has type {column.type}")
    is_there = _check(connection, table, into)
    is_appended = into.existing == Existing.APPEND and _has_rows(connection, into)
    if is_there and into.existing == Existing.APPEND:
        copied = copy_batches(connection, rows.schema, rows.batches, table, tell, is_frozen=False)
    else:
        copied = _replaced(connection, rows, table, is_there, tell, say)
    _record(connection, rows.provenance, into.name, copied, is_appended)
    return copied


def _replaced(connection: "sa.Connection", rows: Rows, table: "sa.Table", is_there: bool,
              tell: Tell, say: Say) -> int:  # fmt: skip
    new = named_table(f"{table.name}_new", [column._copy() for column in table.columns])

    def copy(is_frozen: bool) -> int:
        return copy_batches(connection, rows.schema, rows.batches, new, tell, is_frozen=is_frozen)

    copied = filled(connection, new, copy, say)
    if is_there:
        name = quoted(connection, table)
        lock = f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"
        take(connection, Lock(table.fullname, lock, f"relation = '{name}'::regclass"), say)
        connection.exec_driver_sql(f"DROP TABLE {name}")
    wanted = connection.dialect.identifier_preparer.quote(table.name)
    connection.exec_driver_sql(f"ALTER TABLE {quoted(connection, new)} RENAME TO {wanted}")
    _comment(connection, table)
    return copied


def _comment(connection: "sa.Connection", table: "sa.Table") -> None:
    from sqlalchemy.schema import SetColumnComment

    for column in table.columns:
        if column.comment:
            connection.execute(SetColumnComment(column))


def _columns(rows: Rows) -> "Iterator[sa.Column[Any]]":
    import sqlalchemy as sa

    if rows.declared:
        yield from map(trip_column, rows.declared)
        return
    names = [name.lower() for name in rows.schema.names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Terminal("columns whose names are the same, but for case", seen=", ".join(twice),
                       next_step="rename one of them in the file")  # fmt: skip
    if bad := [name for name in names if not _is_name(name)]:
        raise Terminal("no name for a column in Postgres", seen=repr(bad[0]),
                       expected=f"1 to {MOST_NAME_BYTES} bytes, none of them NUL",
                       next_step="rename it in the file")  # fmt: skip
    if not names:
        raise Terminal("the file has no columns", next_step="check the file")
    for name, field in zip(names, rows.schema, strict=True):
        yield sa.Column(name, column_type(field))


def _is_name(text: str) -> bool:
    return 0 < len(text.encode()) <= MOST_NAME_BYTES and "\0" not in text


def _check(connection: "sa.Connection", table: "sa.Table", into: Destination) -> bool:
    """Return whether the table is there; refuse what is not to be touched."""
    seen = held(connection, table)
    if not seen:
        return False
    if into.existing == Existing.REFUSE:
        raise Terminal(f"table {table.fullname} is there, with other rows",
                       next_step="--replace its rows, or --append to them")  # fmt: skip
    if seen.partitioning is not None:
        raise Terminal(f"table {table.fullname} is partitioned, or a partition",
                       seen=seen.partitioning, expected="a plain table",
                       next_step="use another --table-name; months go in with "
                                 "LoadMonthToPostgres")  # fmt: skip
    if into.existing == Existing.APPEND:
        _check_columns(connection, table, seen.columns)
    return True


def _check_columns(connection: "sa.Connection", table: "sa.Table", seen: Mapping[str, str]) -> None:
    """Refuse a table that lacks a column of the file. Which take no nulls, the server knows."""
    for column in table.columns:
        column.nullable = not seen.get(column.name, "").endswith("NOT NULL")
    if missing := lacking(connection, table):
        names = ", ".join(column.name for column in missing)
        raise Terminal(f"table {table.fullname} lacks columns of the file", seen=names,
                       next_step="--replace it, or use another --table-name")  # fmt: skip


def _record(connection: "sa.Connection", provenance: Provenance, name: str, copied: int,
            is_appended: bool) -> None:  # fmt: skip
    from sqlalchemy import func

    if provenance.rows_kept is None:  # a file that was not normalized, but taken as it is
        provenance = replace(provenance, source_rows=copied, rows_quarantined=0)
    told = replace(provenance, rows_kept=copied)
    row = asdict(told) | {
        "month": None,
        "table_name": name,
        "is_appended": is_appended,
        "loaded_at": func.clock_timestamp(),
    }
    connection.execute(ledger_table().insert().values(row))


def _is_ingested(connection: "sa.Connection", into: Destination, url: str, version: str,
                 is_canonical: bool) -> bool:  # fmt: skip
    ledger = quoted(connection, ledger_table())
    asked = (url, version, is_canonical, into.name, into.name)
    rows, times = connection.exec_driver_sql(RECORDED.format(ledger=ledger), asked).one()
    if not version or not times:
        return False
    if into.existing == Existing.APPEND:
        return _has_rows(connection, into)
    table = quoted(connection, named_table(into.name, []))
    is_changed = connection.exec_driver_sql(CHANGED, (rows, table)).scalar()
    if is_changed:
        return bool(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == rows)
    return is_changed is not None


def _has_rows(connection: "sa.Connection", into: Destination) -> bool:
    table = named_table(into.name, [])
    if not held(connection, table):
        return False
    asked = f"SELECT EXISTS (SELECT FROM {quoted(connection, table)})"
    return bool(connection.exec_driver_sql(asked).scalar())
