"""One session on a PostgreSQL server: how it begins, and how Ctrl-C ends it.

Belongs here: opening it, its limits, and statements that can be interrupted. Not here: where the
server is, or as whom (``postgres.py``).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

APPLICATION: Final = "tlc-pipeline"
LIVENESS: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that vanished without a word is noticed after a minute, not after two hours."""


def open_session(**where: Any) -> Any:
    """Return a psycopg2 connection with the configured limits, no transaction begun."""
    import psycopg2

    config = settings.postgres()
    connection = psycopg2.connect(
        **where,
        **LIVENESS,
        application_name=APPLICATION,
        client_encoding="utf8",
    )
    limits = {"lock_timeout": config.lock_timeout, "statement_timeout": config.statement_timeout}
    with connection.cursor() as cursor:
        for name, seconds in limits.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{seconds * 1000:.0f}ms"])
    connection.commit()
    return connection


def let_interrupt(engine: "Engine") -> None:
    """Have a signal end whatever statement the ``engine`` waits for."""
    from sqlalchemy import event

    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_execute_no_params", _execute)


def _execute(cursor: Any, statement: str, *rest: Any) -> bool:
    parameters = rest[:-1]  # the last is SQLAlchemy's context
    interruptible(cursor.connection, lambda: cursor.execute(statement, *parameters))
    return True


def interruptible(
    connection: Any, run: Callable[[], None], stop: Callable[[], None] = lambda: None
) -> None:
    """Run what waits for the server, so that a signal ends it at once; ``stop`` is told first.

    libpq waits for the server's answer before Python may see a signal: a lock that another session
    holds would keep Ctrl-C waiting as long. And a signal in mid COPY would be taken for an error of
    the rows. So libpq waits in a thread, and Python for the thread.
    """
    with ThreadPoolExecutor(1) as elsewhere:
        done = elsewhere.submit(run)
        try:
            done.result()
        except (KeyboardInterrupt, SystemExit):
            stop()
            connection.cancel()
            raise
