"""The zones in Postgres: the table ``taxi_zones``, replaced as a whole in one transaction.

Belongs here: what is loaded there, and whether it is. Not here: the transaction
(``ingest/load.py``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import luigi

from pipeline.connections.postgres import engine, explained
from pipeline.core.errors import Terminal
from pipeline.core.provenance import Provenance
from pipeline.postgres.ledger import UNDEFINED
from pipeline.zones.lookup import ZONE_LOOKUP

if TYPE_CHECKING:
    import sqlalchemy as sa

TABLE: Final = "taxi_zones"

IN_FORCE: Final = """
SELECT loads.*, (SELECT count(*) FROM {zones}) AS rows_held
FROM {ledger} AS loads
WHERE service = %s AND month IS NULL AND table_name = %s
ORDER BY load_id DESC LIMIT 1
"""


class PostgresZonesTarget(luigi.Target):
    """The table; there when the ledger's row in force and the table agree."""

    def exists(self) -> bool:
        """Return whether the zones are loaded, from one query.

        Raises:
            Transient, Terminal: the server does not answer, or refuses.
        """
        row = _in_force()
        return row is not None and row["rows_held"] == row["rows_kept"] and _told(row).is_wanted()


def load_zones(raw: Path, source: Provenance) -> int | None:
    """Replace the table by the raw lookup's rows and return how many; None where they are there.

    A reader sees the old zones or the new ones. Safe to call again.

    Raises:
        Terminal: the raw file is no lookup any more, the table is somebody else's, or the server
            refused the rows; nothing is changed.
        Transient: the server failed, or another session kept its lock; nothing is changed.
    """
    from pipeline.ingest.load import Destination, Existing, ingest
    from pipeline.ingest.rows import Rows
    from pipeline.zones.table import canonical

    _refuse_foreign()
    zones, record = canonical(raw, source)
    rows = Rows(zones.schema, iter(zones.to_batches()), len(zones), record)
    into = Destination(TABLE, Existing.REPLACE)
    return ingest(rows, into, lambda rows, size: None, lambda message: None)


def _in_force() -> Mapping[Any, Any] | None:
    """Return the zones' row of the ledger in force, with the rows that the table holds."""
    from sqlalchemy.exc import ProgrammingError

    with explained("asking which zones are loaded"), engine().begin() as connection:
        try:
            asked = (ZONE_LOOKUP.service, TABLE)
            return connection.exec_driver_sql(_sql(connection), asked).mappings().first()
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in UNDEFINED:
                raise
            return None


def _refuse_foreign() -> None:
    from pipeline.postgres.definitions import named_table
    from pipeline.postgres.tables import held

    with explained(f"looking at {TABLE}"), engine().begin() as connection:
        seen = held(connection, named_table(TABLE, []))
    if seen and _in_force() is None:
        raise Terminal(
            f"table {TABLE} is there and is not the pipeline's",
            seen=", ".join(seen.columns),
            expected="no such table, or one that the ledger knows",
            next_step="move it away, or use another [postgres] schema",
        )


def _sql(connection: "sa.Connection") -> str:
    from pipeline.postgres.definitions import ledger_table, named_table
    from pipeline.postgres.tables import quoted

    return IN_FORCE.format(
        zones=quoted(connection, named_table(TABLE, [])), ledger=quoted(connection, ledger_table())
    )


def _told(row: Mapping[Any, Any]) -> Provenance:
    told = {name: row[name] for name in Provenance.__dataclass_fields__ if name in row}
    return Provenance(**told | {"month": ""})
