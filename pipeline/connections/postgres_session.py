"""One session on a PostgreSQL server: how it begins, and how Ctrl-C ends it.

Belongs here: opening it, its limits, and statements that can be interrupted. Not here: where the
server is, or as whom (``postgres.py``).
"""

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
    """Have a signal end whatever statement the ``engine`` waits for; a COPY it ends anyway.

    libpq waits for the server's answer before Python may see a signal: a lock that another session
    holds would keep Ctrl-C waiting as long. So libpq waits in a thread, and Python for the thread.
    """
    from sqlalchemy import event

    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_execute_no_params", _execute)


def _execute(cursor: Any, statement: str, *rest: Any) -> bool:
    parameters = rest[:-1]  # the last is SQLAlchemy's context
    with ThreadPoolExecutor(1) as elsewhere:
        done = elsewhere.submit(cursor.execute, statement, *parameters)
        try:
            done.result()
        except (KeyboardInterrupt, SystemExit):
            cursor.connection.cancel()
            raise
    return True
