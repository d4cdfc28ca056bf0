"""What a failing PostgreSQL is called: weather, or something to be changed, and by whom.

Belongs here: SQLSTATEs and libpq's words, each with what to do about it. Not here: connecting.

The server tells a statement's fate as an SQLSTATE. Why a connection failed libpq tells in words
only; where those are of another language, the words stand and the error is taken for weather.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pipeline.connections.named import name_used_by
from pipeline.core.errors import PipelineError, Terminal, Transient
from pipeline.core.profile import CONNECTION

AGAIN: Final = "run the same command again"
ADDRESS: Final = "correct host and port in {connection}, or start the server; then run it again"
PASSWORD: Final = (
    "correct user in {connection}, or what its password refers to (or PGPASSWORD, ~/.pgpass)"
)
RIGHTS: Final = "grant the user of {connection} the right (docs/connections.md, Postgres)"
SSL: Final = "set sslmode in {connection} to what the server takes: require, verify-full or disable"
DATA: Final = "the source holds what PostgreSQL cannot; nothing was changed"

TRANSIENT: Final = {
    "08": AGAIN,
    "40": AGAIN,
    "53": AGAIN,
    "53100": "free space on the server, then run the same command again",
    "53300": "wait for a free connection, or raise the server's max_connections",
    "55P03": "end the session that holds the lock, or raise [postgres] lock_timeout",
    "57": AGAIN,
    "57014": "run it again, or raise [postgres] statement_timeout",
    "58": AGAIN,
}
"""What to do by SQLSTATE, or by its class (the first two characters), where waiting may help."""

TERMINAL: Final = {
    "22003": DATA,
    "22007": DATA,
    "22008": DATA,
    "22021": DATA,
    "22P02": DATA,
    "22P03": DATA,
    "22P05": DATA,
    "25006": "name the primary as host in {connection}: this one is a read-only replica, or set so",
    "28": PASSWORD,
    "2BP01": "drop what depends on it, or make it depend on the whole table",
    "3D000": "correct db in {connection}, or create the database",
    "3F000": "correct [postgres] schema, or create it",
    "42501": RIGHTS,
    "42P07": "move that table away, or use another [postgres] schema",
    "42704": "create the role or type that it names, or do not ask for it",
}
"""The same where nothing but a change helps. What is in neither is Terminal, without advice."""

REFUSED: Final = [
    ("password authentication failed", PASSWORD),
    ("no password supplied", PASSWORD),
    ("no pg_hba.conf entry", f"{SSL}; or let the server's pg_hba.conf admit user and database"),
    ("does not support SSL", SSL),
    ("certificate", "set sslmode in {connection}, or bring the server's certificate authority"),
    ("sslmode", SSL),
    ('database "', TERMINAL["3D000"]),
    ('role "', PASSWORD),
    ("permission denied", RIGHTS),
    ("authentication", PASSWORD),
]
"""libpq's words for a connection that will be refused again, and what to do."""


@contextmanager
def explained(what: str, connection: str | None = None) -> Iterator[None]:
    """Turn what psycopg2 and SQLAlchemy raise into a Transient or Terminal of one line.

    ``what`` says what was under way: ``loading yellow 2021-01``; ``connection`` is the name of the
    one that is in use, by default the one that ``[postgres]`` names. Neither a statement's text nor
    its values are repeated: only the server's own words.
    """
    import psycopg2
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        raise _named(what, error.orig or error, connection) from error.orig
    except psycopg2.Error as error:
        raise _named(what, error, connection) from error


def _named(what: str, error: BaseException, connection: str | None) -> PipelineError:
    kind, advice = _judged(getattr(error, "pgcode", None), seen := _words(error))
    verb = "failed" if kind is Transient else "refused"
    here = f"[{CONNECTION}{connection or name_used_by('postgres')}]"
    return kind(f"Postgres {verb} {what}", seen=seen,
                next_step=advice and advice.format(connection=here))  # fmt: skip


def _judged(code: str | None, seen: str) -> tuple[type[PipelineError], str | None]:
    """Return what an error is, and what to do about it."""
    if code is None:
        return _unconnected(seen)
    if advice := TRANSIENT.get(code) or TRANSIENT.get(code[:2]):
        return Transient, advice
    return Terminal, TERMINAL.get(code) or TERMINAL.get(code[:2])


def _unconnected(seen: str) -> tuple[type[PipelineError], str]:
    for words, advice in REFUSED:
        if words in seen:
            return Terminal, advice
    lost = "could not" in seen or "connection to server" in seen
    return Transient, ADDRESS if lost else AGAIN


def _words(error: BaseException) -> str:
    """Return the server's message and its detail; libpq's last line where no server answered."""
    diagnosis = getattr(error, "diag", None)
    if told := diagnosis and diagnosis.message_primary:
        parts = [told, diagnosis.message_detail, diagnosis.context]
        text = "; ".join(part for part in parts if part)
    else:
        text = str(error).strip() or type(error).__name__
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}..."
