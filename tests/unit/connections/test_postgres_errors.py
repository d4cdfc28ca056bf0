"""Which SQLSTATE is weather and which is not; what a real server says is an integration test's."""

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from pipeline.connections.postgres_errors import explained
from pipeline.core.errors import Terminal, Transient


class Refusal(psycopg2.Error):
    def __init__(self, code: str | None, words: str = "as the server says") -> None:
        super().__init__(words)
        self.code = code

    @property
    def pgcode(self) -> str | None:
        return self.code


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("08006", "run the same command again"),
        ("40P01", "run the same command again"),
        ("53100", "free space on the server"),
        ("53200", "run the same command again"),
        ("53300", "max_connections"),
        ("55P03", "lock_timeout"),
        ("57014", "statement_timeout"),
        ("57P01", "run the same command again"),
        ("58030", "run the same command again"),
    ],
)
def test_what_passes_by_itself_is_transient(code: str, told: str) -> None:
    with (
        pytest.raises(Transient, match=rf"Postgres failed loading; seen: as .*{told}"),
        explained("loading"),
    ):
        raise Refusal(code)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("22003", "the source holds what PostgreSQL cannot"),
        ("22021", "the source holds what PostgreSQL cannot"),
        ("25006", "name the primary"),
        ("28P01", r"what its password"),
        ("3D000", r"correct db in \[connection:"),
        ("3F000", r"correct \[postgres\] schema"),
        ("42501", "grant"),
        ("42704", "create the role"),
        ("42P07", "move that table away"),
        ("42601", "the server says$"),
        ("XX000", "the server says$"),
    ],
)
def test_what_does_not_pass_is_terminal(code: str, told: str) -> None:
    with (
        pytest.raises(Terminal, match=rf"Postgres refused loading; seen: as .*{told}"),
        explained("loading"),
    ):
        raise Refusal(code)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("SSL error: certificate verify failed", Terminal),
        ('root certificate file "/root.crt" does not exist', Terminal),
        ("FATAL: the database system is starting up", Transient),
        ("FATAL: sorry, too many clients already", Transient),
        ("connection already closed", Transient),
        ("Passwort-Authentifizierung fehlgeschlagen", Transient),  # taken for weather
        ("", Transient),
    ],
)
def test_a_connection_that_failed_is_judged_by_libpqs_words(words: str, kind: type) -> None:
    with pytest.raises(kind, match=words or "seen: Refusal"), explained("connecting"):
        raise Refusal(None, words)


def test_a_statement_and_its_values_are_not_repeated() -> None:
    values = {"password": "canary-5up3r"}
    with (
        pytest.raises(Terminal, match=r"^Postgres refused asking; seen: no such thing$"),
        explained("asking"),
    ):
        raise OperationalError("SELECT :password", values, Refusal("42883", "no such thing"))


def test_what_is_no_error_of_the_servers_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), explained("asking"):
        raise ZeroDivisionError
