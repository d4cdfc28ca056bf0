"""What a connection to a mail server may do, short of sending a mail.

Belongs here: reaching, encrypting, logging in. Not here: any message.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.connections.checks.answer import Answer, ask
from pipeline.connections.checks.mail_session import encrypt, log_in, reach

if TYPE_CHECKING:
    import smtplib

    from pipeline.connections.kinds import Smtp


def mail_answers(connection: "Smtp") -> Iterator[Answer]:
    """Yield whether the server can be reached, encrypts, and takes user and password."""
    server = _Server(connection)
    yield (reached := ask("connect", server.reach))
    if not reached.may:
        return
    with closing(server.session):
        if connection.encryption == "none":
            yield Answer("encrypt", False, "encryption = none", needed=False)
        else:
            yield (encrypted := ask("encrypt", server.encrypt))
            if not encrypted.may:
                return
        yield ask("log in", server.log_in)


class _Server:
    """One session, in which nothing is sent."""

    session: "smtplib.SMTP"

    def __init__(self, connection: "Smtp") -> None:
        self.connection = connection

    def reach(self) -> str:
        self.session = reach(self.connection)
        return f"{self.connection.host}:{self.connection.port}"

    def encrypt(self) -> str:
        encrypt(self.session, self.connection)
        version = getattr(self.session.sock, "version", lambda: None)()
        return f"{version}, with a certificate that is trusted"

    def log_in(self) -> str:
        log_in(self.session, self.connection)
        if self.connection.user is None:
            return "not asked for: the connection has no user; no mail was sent"
        return f"as {self.connection.user}; no mail was sent"
