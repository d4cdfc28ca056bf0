"""The ledger ``_loads``: which version of which month Postgres holds.

Belongs here: asking it about everything at once, and writing a load's row. Not here: the rows that
were loaded.

A load's row is committed with its rows, so it is true when written. What it cannot know is what
others have done to the partition since. That the server counts: a partition that was emptied, or
of which rows were inserted or deleted after its load, is counted again; the others are not read.
The server forgets those counts when it crashes, and with them rows that were deleted by hand
before; and a row that was changed in place is none of the ledger's business.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.connections.postgres import engine, explained
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.postgres.definitions import ledger_table
from pipeline.postgres.tables import quoted

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

UNDEFINED: Final = {"42P01", "3F000"}
"""SQLSTATEs of a table or a schema that is not there."""

IN_FORCE: Final = """
WITH loads AS (
  SELECT DISTINCT ON (service, month) * FROM {ledger} WHERE month IS NOT NULL
  ORDER BY service, month, load_id DESC
), parts AS (
  SELECT inhparent, part.oid, relpages, pg_get_expr(relpartbound, 0) AS bound,
    pg_stat_get_tuples_inserted(part.oid) AS inserted,
    pg_stat_get_tuples_deleted(part.oid) AS deleted
  FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
)
SELECT loads.*, oid::regclass::text AS partition,
  relpages > 0 AND deleted = 0 AND inserted IN (0, rows_kept) AS is_untouched
FROM loads LEFT JOIN parts ON bound = format('FOR VALUES IN (%%L)', month)
  AND inhparent = to_regclass(format('%%I.%%I', %s::text, table_name))
"""

HISTORY: Final = """
SELECT *, NULL AS partition FROM {ledger} WHERE service = %s AND month = %s ORDER BY load_id DESC
"""

TIDY: Final = """
DELETE FROM {ledger} AS doubled USING {ledger} AS first
WHERE doubled.service = %s AND doubled.month = %s AND doubled.load_id > first.load_id
  AND (doubled.service, doubled.month, doubled.loaded_at)
    = (first.service, first.month, first.loaded_at)
"""


@dataclass(frozen=True)
class Load:
    """The ledger's row in force of a month, beside what Postgres holds.

    ``partition`` is the name of the month's table, as SQL has it; ``partition_rows`` are the rows
    in it. Both are None where there is none.
    """

    provenance: Provenance
    load_id: int
    loaded_at: datetime
    partition: str | None
    partition_rows: int | None

    @property
    def is_whole(self) -> bool:
        """Whether the partition holds exactly the rows that the ledger says."""
        return self.partition_rows == self.provenance.rows_kept


def find(month: TripMonth) -> Load | None:
    """Return the month's row in force, from one query for everything."""
    return loaded_months().get((month.service, month.key))


def loaded_months() -> Mapping[tuple[str, str], Load]:
    """Return every month's row in force by service and month (``2021-01``).

    One query, remembered for the process, and another one where partitions were touched since
    their load; empty where there is no ledger yet.

    Raises:
        Transient, Terminal: the server does not answer, or refuses.
    """
    return _loads(os.getpid())


def history(month: TripMonth) -> list[Load]:
    """Return every load of the month that the ledger tells of, the newest first: one query.

    What Postgres holds is not asked; each one's ``partition`` and ``partition_rows`` are None.

    Raises:
        Transient, Terminal: the server does not answer, or refuses.
    """

    def ask(connection: "sa.Connection") -> list[Load]:
        sql = HISTORY.format(ledger=quoted(connection, ledger_table()))
        rows = connection.exec_driver_sql(sql, (month.service, month.first_day))
        return [_load(dict(row._mapping), {}) for row in rows]

    return _asked(f"asking how {month} was loaded", ask) or []


def forget() -> None:
    """Forget what was asked, after a write."""
    _loads.cache_clear()


def read(connection: "sa.Connection") -> dict[tuple[str, str], Load]:
    """Return the same as the connection's transaction sees it; there must be a ledger."""
    table = ledger_table()
    sql = IN_FORCE.format(ledger=quoted(connection, table))
    rows = [dict(row._mapping) for row in connection.exec_driver_sql(sql, (table.schema,))]
    touched = [row["partition"] for row in rows if row["partition"] and not row["is_untouched"]]
    counted = _counted(connection, touched)
    loads = [_load(row, counted) for row in rows]
    return {(load.provenance.service, load.provenance.month): load for load in loads}


def record(connection: "sa.Connection", month: TripMonth, provenance: Provenance) -> Load:
    """Add the row of a load to the connection's transaction, and return it."""
    from sqlalchemy import func

    table = ledger_table()
    row = {
        **asdict(provenance),
        "month": month.first_day,
        "table_name": month.table_name,
        # Not now(): that is when the transaction began, before it waited for another load.
        "loaded_at": func.clock_timestamp(),
    }
    stored = table.insert().values(row).returning(table.c.load_id, table.c.loaded_at)
    load_id, loaded_at = connection.execute(stored).one()
    name = f"{month.table_name}_{month.partition_id}"
    return Load(provenance, load_id, loaded_at, name, provenance.rows_kept)


def tidy(connection: "sa.Connection", month: TripMonth) -> None:
    """Leave each load of the month once, in the connection's transaction. Safe to call again."""
    table = quoted(connection, ledger_table())
    sql = TIDY.format(ledger=table)
    connection.exec_driver_sql(sql, (month.service, month.first_day))


def _counted(connection: "sa.Connection", partitions: Iterable[str]) -> dict[str, int]:
    """Return the rows of those partitions, whose names are quoted already."""
    if not partitions:
        return {}
    counts = [f"SELECT {place}, count(*) FROM {name}" for place, name in enumerate(partitions)]
    rows = connection.exec_driver_sql(" UNION ALL ".join(counts).replace("%", "%%"))
    names = list(partitions)
    return {names[place]: count for place, count in rows}


def _load(row: Mapping[str, Any], counted: Mapping[str, int]) -> Load:
    told = {name: row[name] for name in Provenance.__dataclass_fields__ if name in row}
    provenance = replace(Provenance(**told), month=f"{row['month']:%Y-%m}")
    partition = row["partition"]
    rows = counted.get(partition, provenance.rows_kept) if partition else None
    return Load(provenance, row["load_id"], row["loaded_at"], partition, rows)


@cache
def _loads(pid: int) -> dict[tuple[str, str], Load]:
    return _asked("asking which months are loaded", read) or {}


def _asked(what: str, ask: Callable[["sa.Connection"], T]) -> T | None:
    """Return the answer to a question to the ledger; None where there is none yet."""
    from sqlalchemy.exc import ProgrammingError

    with explained(what), engine().begin() as connection:
        try:
            return ask(connection)
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in UNDEFINED:
                raise
            return None
