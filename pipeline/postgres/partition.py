"""A month's partition: the locks around it, and putting a full table in its place.

Belongs here: the swap. Not here: filling the table (``load.py``).

The swap is a transaction's last step, so that what it locks is locked for milliseconds. A month's
first load locks out no reader: ATTACH only keeps others from altering the table meanwhile. To
replace a month, or to add a column, the table is locked against readers, too.
"""

import zlib
from typing import TYPE_CHECKING, Final

from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.postgres.definitions import MONTH_CHECK, month_table, trips_table
from pipeline.postgres.locks import Lock, Say, take
from pipeline.postgres.tables import add_column, extend, held, lacking, quoted
from pipeline.schemas import ServiceSchema

if TYPE_CHECKING:
    import sqlalchemy as sa

PARTITION: Final = """
SELECT inhrelid::regclass::text
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = to_regclass(%s) AND pg_get_expr(relpartbound, 0) = %s
"""


def month_lock(month: TripMonth) -> Lock:
    """Return the lock that each load of a month holds from its beginning to its end."""
    name = f"{settings.postgres().schema}.{month.table_name}"
    keys = f"{zlib.crc32(name.encode()) & 0x7FFFFFFF}, {int(month.partition_id)}"
    return Lock(
        str(month),
        f"SELECT pg_advisory_xact_lock({keys})",
        f"locktype = 'advisory' AND (classid, objid) = ({keys})",
    )


def swap_in(
    connection: "sa.Connection",
    month: TripMonth,
    schema: ServiceSchema,
    say: Say,
    *,
    over_detached: bool = False,
) -> None:
    """Make the month's new table its partition, and drop the one that was.

    With ``over_detached`` it also replaces a month's table that was detached.

    Raises:
        Transient: another session kept its lock on the service's table.
        Terminal: that table is not as declared, or another has the partition's name.
    """
    trips, new = trips_table(schema), month_table(month, schema, is_new=True)
    older = _partition(connection, trips, month)
    if not older:
        _make_way(connection, month, schema, is_ours=over_detached)
    take(connection, _table_lock(connection, trips, older), say)
    if older:
        connection.exec_driver_sql(f"DROP TABLE {older}")
    extend(connection, trips)
    _adopt_columns(connection, new, trips)
    _attach(connection, trips, month, _rename(connection, new, month_table(month, schema)))


def _make_way(
    connection: "sa.Connection", month: TripMonth, schema: ServiceSchema, *, is_ours: bool
) -> None:
    """Drop a table that has the partition's name and is none, where it is a month's of ours."""
    final = month_table(month, schema)
    seen = held(connection, final)
    if not seen:
        return
    if not is_ours or not seen.columns.keys() >= {column.name for column in final.columns}:
        raise Terminal(
            f"{final.fullname} exists, and is no partition",
            seen=f"a table with the columns {', '.join(seen.columns)}",
            expected=f"a partition of {month.table_name}, or nothing of that name",
            next_step=f"tlc redo {month} --from postgres replaces a month that was detached; "
            "or move that table away",
        )
    connection.exec_driver_sql(f"DROP TABLE {quoted(connection, final)}")


def _partition(connection: "sa.Connection", trips: "sa.Table", month: TripMonth) -> str | None:
    """Return the name of the month's partition, quoted; found by what it holds, not by name."""
    asked = (quoted(connection, trips), _bound(month))
    found: str | None = connection.exec_driver_sql(PARTITION, asked).scalar()
    return found


def _bound(month: TripMonth) -> str:
    return f"FOR VALUES IN ('{month.first_day}')"


def _table_lock(connection: "sa.Connection", trips: "sa.Table", older: str | None) -> Lock:
    name = quoted(connection, trips)
    tables, mode = f"ONLY {name}", "SHARE UPDATE EXCLUSIVE"
    if older:
        tables, mode = f"ONLY {name}, ONLY {older}", "ACCESS EXCLUSIVE"
    if lacking(connection, trips):
        # All partitions get the column: without ONLY, they are locked with the table.
        tables, mode = name, "ACCESS EXCLUSIVE"
    return Lock(
        trips.fullname,
        f"LOCK TABLE {tables} IN {mode} MODE",
        f"relation IN ('{name}'::regclass, '{older or name}'::regclass)",
    )


def _adopt_columns(connection: "sa.Connection", new: "sa.Table", trips: "sa.Table") -> None:
    """Give the month's table the columns that only other months have."""
    of_month = held(connection, new).columns
    for name, kind in held(connection, trips).columns.items():
        if name not in of_month:
            quote = connection.dialect.identifier_preparer.quote
            add_column(connection, new, f"{quote(name)} {kind}")


def _rename(connection: "sa.Connection", new: "sa.Table", final: "sa.Table") -> "sa.Table":
    """Give the table and its indexes the names that the older one has left."""
    run = connection.exec_driver_sql
    names = zip(_index_names(new), _index_names(final), strict=True)
    for name, wanted in names:
        index = quoted(connection, new).replace(new.name, name)
        run(f"ALTER INDEX {index} RENAME TO {wanted}")
    run(f"ALTER TABLE {quoted(connection, new)} RENAME TO {final.name}")
    return final


def _index_names(table: "sa.Table") -> list[str]:
    return sorted(str(index.name) for index in table.indexes)


def _attach(
    connection: "sa.Connection", trips: "sa.Table", month: TripMonth, part: "sa.Table"
) -> None:
    run, name = connection.exec_driver_sql, quoted(connection, part)
    run(f"ALTER TABLE {quoted(connection, trips)} ATTACH PARTITION {name} {_bound(month)}")
    # It spared the server a scan; from here on, the partition's bound says the same.
    run(f"ALTER TABLE {name} DROP CONSTRAINT {MONTH_CHECK}")
