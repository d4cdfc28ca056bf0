"""Load a canonical month into Postgres: in one transaction, and once.

Belongs here: the order of the steps, and their proof. Not here: the swap (``partition.py``), the
encoding (``encode.py``), tables and ledger.
"""

from typing import TYPE_CHECKING

from pipeline.connections.postgres import engine, explained
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.postgres import ledger
from pipeline.postgres.copy import copy_parquet, filled
from pipeline.postgres.definitions import month_table
from pipeline.postgres.encode import Tell
from pipeline.postgres.ledger import Load
from pipeline.postgres.locks import Say
from pipeline.postgres.partition import month_lock, swap_in
from pipeline.postgres.tables import ensure_indexes, ensure_tables
from pipeline.postgres.transaction import transaction
from pipeline.schemas import service_schema

if TYPE_CHECKING:
    import sqlalchemy as sa


def load_month(source: CanonicalMonthTarget, tell: Tell, say: Say, *, anew: bool = False) -> Load:
    """Replace the month's rows in Postgres by the canonical file's and return what is loaded.

    Makes the tables where they are missing. Then one transaction: a reader sees the old month or
    the new one. Safe to call again and from two machines at once: one waits, finds the month
    loaded and does nothing. With ``anew`` it is loaded although it is there, and what was done by
    hand is undone: a partition that was detached, a row that the ledger has twice, an index that is
    gone. ``tell`` hears of rows and bytes, ``say`` of what takes time.

    Raises:
        Terminal: the server refused the rows, or a table is not as declared; nothing is changed.
        Transient: the server failed, or another session kept its lock; nothing is changed, unless
            the connection was lost while the transaction was committed, which the next run sees.
    """
    month, provenance = source.month, source.provenance()
    schema = service_schema(month.service).extended(provenance.added_columns)
    with explained(f"preparing the tables of {month}"), engine().begin() as connection:
        ensure_tables(connection, schema, say)
    try:
        with transaction(f"loading {month}", month_lock(month), say) as connection:
            loaded = _loaded(connection, source, tell, say, anew=anew)
            if anew:
                ledger.tidy(connection, month)
                ensure_indexes(connection, schema)
            return loaded
    finally:
        ledger.forget()


def _loaded(
    connection: "sa.Connection",
    source: CanonicalMonthTarget,
    tell: Tell,
    say: Say,
    *,
    anew: bool,
) -> Load:
    month, provenance = source.month, source.provenance()
    found = ledger.read(connection).get((month.service, month.key))
    is_loaded = found is not None and found.is_whole and found.provenance == provenance
    if found and is_loaded and not anew:
        return found
    schema = service_schema(month.service).extended(provenance.added_columns)
    table = month_table(month, schema, is_new=True)

    def copy(is_frozen: bool) -> int:
        return copy_parquet(connection, source.path, table, tell, is_frozen=is_frozen)

    _check_rows(month, filled(connection, table, copy, say), provenance)
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        say(f"building {index.name}")
        index.create(connection)
    swap_in(connection, month, schema, say, over_detached=anew)
    return ledger.record(connection, month, provenance)


def _check_rows(month: TripMonth, copied: int, provenance: Provenance) -> None:
    if copied != provenance.rows_kept:
        raise Terminal(
            f"{month}: what was copied is not the canonical file",
            seen=f"{copied} rows copied",
            expected=f"{provenance.rows_kept} rows kept",
            next_step="delete the file, to make it again",
        )
