"""The PostgreSQL connection, made as the settings say: the sandbox's server, or another.

Belongs here: address, password, the engine. Not here: how a session behaves
(``postgres_session.py``), what a failing server is called (``postgres_errors.py``), or any
statement of a load.
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.connections.postgres_errors import explained
from pipeline.connections.postgres_session import let_interrupt, open_session
from pipeline.connections.secrets import resolve
from pipeline.core import settings
from pipeline.core.errors import BadRequest

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Database", "configured", "engine", "explained"]


@dataclass(frozen=True)
class Database:
    """Where a database is, and as whom. ``password`` is a reference; None leaves it to libpq,
    which knows ``PGPASSWORD`` and ``~/.pgpass``."""

    host: str
    port: int
    user: str
    db: str
    password: str | None = None
    sslmode: str = "prefer"

    def __post_init__(self) -> None:
        """Refuse what libpq would take apart or print: an address with a password in it."""
        if any("://" in text or "@" in text for text in (self.host, self.db)) or "=" in self.db:
            raise BadRequest(
                "[postgres] host and db are to be names, not addresses",
                expected="host, port, user, db and a reference to the password, each on its own",
            )

    def __str__(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.db}"


def configured() -> Database:
    """Return the configured database. Starts the sandbox's server, and makes its database."""
    config = settings.postgres()
    if config.endpoint == "sandbox":
        return _sandbox_database(str(config.db))
    return Database(
        config.host, config.port, config.user, config.db, config.password, config.sslmode
    )


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
    given = {"password": resolve(reference, "[postgres] password")} if reference else {}
    return open_session(
        host=database.host,
        port=database.port,
        user=database.user,
        dbname=database.db,
        sslmode=database.sslmode,
        **given,
    )


def _sandbox_database(name: str) -> Database:
    from pipeline.sandbox.lifecycle import ensure_postgres

    with explained(f"making the database {name}"):
        server = ensure_postgres(name)
    password = f"file:{server.password_file}"
    return Database(server.host, server.port, server.user, name, password, "disable")
