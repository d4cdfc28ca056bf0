"""What a connection to PostgreSQL may do in its database and in the schema.

Belongs here: one small table, made, filled and read in a transaction that is rolled back. Not
here: the tables of a load.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.connections.checks.answer import Answer, ask, temporary_name
from pipeline.connections.postgres import database_of, engine, explained
from pipeline.core import settings
from pipeline.core.errors import Terminal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.connections.kinds import Postgres, Sandbox


def postgres_answers(connection: "Postgres | Sandbox") -> Iterator[Answer]:
    """Yield whether the connection may log in, write, and make, fill and read a table.

    Whether the session is encrypted is told, too; it is not needed where ``sslmode`` does not ask
    for it, and is refused before where it does. On this machine there is nothing to tell.
    """
    database = _Database(connection)
    try:
        yield (connected := ask("connect", database.connect))
        if not connected.may:
            return
        encrypted = database.encryption()
        if encrypted.may or not _is_here(database_of(connection).host):
            yield encrypted
        yield (writable := ask("write", database.is_writable))
        if writable.may:
            yield (made := ask("create a table", database.create_table))
            if made.may:
                yield ask("fill and read a table", database.fill_and_read)
    finally:
        database.close()


def _is_here(host: str) -> bool:
    return host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")


class _Database:
    """One session, one transaction, and the table that is made in it."""

    def __init__(self, connection: "Postgres | Sandbox") -> None:
        self.connection = connection
        self.session: Connection | None = None
        self.table = f'"{settings.postgres().schema}".{temporary_name()}'

    def ask(self, what: str, sql: str) -> Any:
        """Return the first row of a statement; None where it has none."""
        with explained(what, self.connection.name):
            assert self.session is not None
            done = self.session.exec_driver_sql(sql)
            return done.one() if done.returns_rows else None

    def connect(self) -> str:
        with explained("connecting", self.connection.name):
            self.session = engine(database_of(self.connection)).connect()
        what = "current_user, current_database(), current_setting('server_version')"
        user, database, version = self.ask("connecting", f"SELECT {what}")
        return f"as {user} to {database}, PostgreSQL {version}"

    def encryption(self) -> Answer:
        sql = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        is_encrypted, version = self.ask("asking for SSL", sql)
        mode = self.connection.model_dump().get("sslmode", "disable")
        return Answer("encrypt", is_encrypted, version or f"sslmode = {mode} does not ask for it",
                      needed=False)  # fmt: skip

    def is_writable(self) -> str:
        sql = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
        is_replica, is_read_only = self.ask("asking whether it is read-only", sql)
        if is_replica or is_read_only:
            raise Terminal("transactions are read-only",
                           seen="a replica" if is_replica else "default_transaction_read_only",
                           next_step="name the primary as host, or change the role's default",
                           )  # fmt: skip
        return "transactions are not read-only"

    def create_table(self) -> str:
        self.ask(f"creating {self.table}", f"CREATE TABLE {self.table} (n int)")
        return f"in the schema {settings.postgres().schema}; rolled back"

    def fill_and_read(self) -> str:
        self.ask(f"filling {self.table}", f"INSERT INTO {self.table} VALUES (1)")
        (rows,) = self.ask(f"reading {self.table}", f"SELECT count(*) FROM {self.table}")
        return f"rows: {rows}; rolled back"

    def close(self) -> None:
        """Roll back, whatever was made."""
        if self.session is not None:
            self.session.close()
