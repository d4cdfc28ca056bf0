"""The engine of a PostgreSQL connection: the sandbox's server, or another.

Belongs here: address, password, the engine. Not here: how a session behaves
(``postgres_session.py``), what a failing server is called (``postgres_errors.py``), or any
statement of a load.
"""

import os
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from pipeline.connections.named import used_by
from pipeline.connections.postgres_errors import explained
from pipeline.connections.postgres_session import let_interrupt, open_session
from pipeline.connections.secrets import resolve

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pipeline.connections.kinds import Postgres, Sandbox

__all__ = ["Database", "configured", "database_of", "engine", "explained", "postgres_connection"]


@dataclass(frozen=True)
class Database:
    """Where a database is, and as whom. ``password`` is a reference; None leaves it to libpq,
    which knows ``PGPASSWORD`` and ``~/.pgpass``. ``timeout`` is for connecting, in seconds."""

    host: str
    port: int
    user: str
    db: str
    password: str | None = None
    sslmode: str = "prefer"
    timeout: float = 10

    def __str__(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.db}"


def postgres_connection() -> "Postgres | Sandbox":
    """Return the connection that Postgres is reached by."""
    from pipeline.connections.kinds import Postgres, Sandbox

    return used_by("postgres", Postgres, Sandbox)


def configured() -> Database:
    """Return the configured database. Starts the sandbox's server, and makes its database."""
    return database_of(postgres_connection())


def database_of(connection: "Postgres | Sandbox") -> Database:
    """Return a connection's database. Starts the sandbox's server, and makes its database."""
    if connection.kind == "sandbox":
        return _sandbox_database(connection)
    told = connection.model_dump(exclude={"name", "kind"})
    return Database(**told)


def engine(database: Database | None = None) -> "Engine":
    """Return this process's engine of the ``database``, by default the configured one.

    It keeps no connection that is not in use: each checkout is a new session with the configured
    limits, closed when it is returned. No request is made before the first checkout.
    """
    return _engine(os.getpid(), database or configured())


@cache
def _engine(pid: int, database: Database) -> "Engine":
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    made = create_engine(
        "postgresql+psycopg2://", creator=lambda: _connect(database), poolclass=NullPool
    )
    let_interrupt(made)
    return made


def _connect(database: Database) -> Any:
    reference = database.password
    given = {"password": resolve(reference, f"the password of {database}")} if reference else {}
    return open_session(
        host=database.host,
        port=database.port,
        user=database.user,
        dbname=database.db,
        sslmode=database.sslmode,
        connect_timeout=ceil(database.timeout),
        **given,
    )


def _sandbox_database(connection: "Sandbox") -> Database:
    from pipeline.sandbox.lifecycle import ensure_postgres

    name = connection.db
    with explained(f"making the database {name}"):
        server = ensure_postgres(name)
    password = f"file:{server.password_file}"
    return Database(server.host, server.port, server.user, name, password, "disable",
                    connection.timeout)  # fmt: skip
