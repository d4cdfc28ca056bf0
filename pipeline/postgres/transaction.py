"""The transaction of a load: who it locks out, and how it ends when this process is gone.

Belongs here: its beginning. Not here: what is done in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipeline.connections.postgres import engine, explained
from pipeline.postgres.locks import Lock, Say, take

if TYPE_CHECKING:
    import sqlalchemy as sa

WATCH_CLIENT: Final = """
SELECT set_config(name, '1000', true) FROM pg_settings
WHERE name = 'client_connection_check_interval'
"""


@contextmanager
def transaction(what: str, lock: Lock, say: Say) -> "Iterator[sa.Connection]":
    """Yield a connection in a transaction that holds ``lock``; rolled back where anything raises.

    Raises:
        Transient, Terminal: the server failed or refused ``what``.
    """
    with explained(what), engine().begin() as connection:
        _watch_client(connection)
        take(connection, lock, say)
        yield connection


def _watch_client(connection: "sa.Connection") -> None:
    """Have the server notice within a second that this process is gone, even in mid statement."""
    from sqlalchemy.exc import DBAPIError

    try:
        with connection.begin_nested():
            connection.exec_driver_sql(WATCH_CLIENT)
    except DBAPIError as refusal:
        if refusal.connection_invalidated:  # not refused: the server is gone
            raise
