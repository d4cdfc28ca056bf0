"""Locks that are waited for with a message, and without standing in others' way for long.

Belongs here: waiting, and who is waited for. Not here: what is locked, and why.

Whoever asks for a table after us queues behind us, even to read it, while we wait for another
reader. So we wait in turns, and step back in between to let the others pass.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from pipeline.core import settings
from pipeline.core.errors import Transient

if TYPE_CHECKING:
    import sqlalchemy as sa

FIRST_TURN: Final = 1.0
PAUSE: Final = 0.1
LOCK_NOT_AVAILABLE: Final = "55P03"

HOLDERS: Final = """
SELECT string_agg(DISTINCT concat_ws(' ', 'process', pid, 'of', usename,
                  nullif(application_name, ''), state), ', ')
FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
JOIN pg_stat_activity USING (pid)
WHERE granted AND pid <> pg_backend_pid() AND pg_database.datname = current_database() AND {}
"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Lock:
    """What ``statement`` takes until the transaction ends; ``held_where`` finds it in pg_locks.

    ``what`` is how messages call the thing that is locked.
    """

    what: str
    statement: str
    held_where: str


def take(connection: "sa.Connection", lock: Lock, say: Say) -> None:
    """Take the lock, waiting in turns of growing length; ``say`` is told who is waited for.

    Raises:
        Transient: it was not free within ``[postgres] lock_timeout`` seconds.
    """
    bound = float(settings.postgres().lock_timeout)
    ends = time.monotonic() + (bound or inf)
    turn = FIRST_TURN
    while not _taken(connection, lock, min(turn, ends - time.monotonic())):
        holders = connection.exec_driver_sql(HOLDERS.format(lock.held_where)).scalar()
        if time.monotonic() + PAUSE >= ends:
            raise Transient(
                f"{lock.what} is locked by another session",
                seen=holders,
                expected=f"free within [postgres] lock_timeout = {bound:g} seconds",
                next_step="run the same command again, end that session, or raise the setting",
            )
        say(f"waiting for {lock.what}, locked by {holders or 'another session'}")
        time.sleep(PAUSE)
        turn *= 2
    _limit(connection, bound)


def _taken(connection: "sa.Connection", lock: Lock, seconds: float) -> bool:
    from sqlalchemy.exc import OperationalError

    try:
        with connection.begin_nested():
            _limit(connection, max(seconds, PAUSE))
            connection.exec_driver_sql(lock.statement)
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _limit(connection: "sa.Connection", seconds: float) -> None:
    limit = f"{seconds * 1000:.0f}ms"
    connection.exec_driver_sql("SELECT set_config('lock_timeout', %s, true)", (limit,))
