"""The runs that load into Postgres: the table ``_runs`` there.

Belongs here: its definition, writing and reading. Not here: which runs (``outbox.py``).
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.postgres import engine, explained
from pipeline.core import settings
from pipeline.history.run import COLUMNS, Run
from pipeline.postgres.ledger import UNDEFINED

if TYPE_CHECKING:
    import sqlalchemy as sa

RUNS: Final = "_runs"


def write(runs: Sequence[Run]) -> None:
    """Add runs. A second call with the same adds nothing.

    Raises:
        Transient, Terminal: the server does not answer, or refuses.
    """
    from sqlalchemy.dialects.postgresql import insert

    table = _table()
    with explained("keeping the history of runs"), engine().begin() as connection:
        table.create(connection, checkfirst=True)
        rows = insert(table).values([asdict(run) for run in runs])
        connection.execute(rows.on_conflict_do_nothing())


def read(limit: int) -> list[Run]:
    """Return the newest runs, newest first; none where there is no such table yet.

    Raises:
        Transient, Terminal: the server does not answer, or refuses.
    """
    from sqlalchemy.exc import ProgrammingError

    table = _table()
    newest = table.select().order_by(table.c.ended.desc()).limit(limit)
    with explained("reading the history of runs"), engine().begin() as connection:
        try:
            return [Run(**row) for row in connection.execute(newest).mappings()]
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in UNDEFINED:
                raise
            return []


def _table() -> "sa.Table":
    import sqlalchemy as sa

    instant = sa.DateTime(timezone=True)
    kinds: dict[str, Any] = {"STRING": sa.Text, "INT64": sa.BigInteger, "TIMESTAMP": instant}
    columns: list[sa.Column[Any]] = [
        sa.Column(name, kinds[kind], comment=told, primary_key=name == "run_id")
        for name, kind, told in COLUMNS
    ]
    metadata = sa.MetaData(schema=str(settings.postgres().schema))
    return sa.Table(RUNS, metadata, *columns, comment="One row per run, sent by its host.")
