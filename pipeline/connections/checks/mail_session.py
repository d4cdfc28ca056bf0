"""A session on a mail server: reached, encrypted and logged in as its connection says.

Belongs here: the three steps to it, and what a failing server is called. Not here: any message.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.connections.secrets import resolve
from pipeline.core.errors import Terminal, Transient
from pipeline.core.profile import CONNECTION

if TYPE_CHECKING:
    from pipeline.connections.kinds import Smtp


def reach(connection: "Smtp") -> smtplib.SMTP:
    """Return a session that is to be closed; with ``tls`` it is encrypted already.

    Raises:
        Transient: the server does not answer, or not in time.
        Terminal: its certificate is not trusted.
    """
    with explained(connection, "connecting"):
        if connection.encryption == "tls":
            trusted = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                connection.host, connection.port, timeout=connection.timeout, context=trusted
            )
        return smtplib.SMTP(connection.host, connection.port, timeout=connection.timeout)


def encrypt(session: smtplib.SMTP, connection: "Smtp") -> None:
    """Begin encryption where the connection says ``starttls``; raises as ``reach``."""
    if connection.encryption == "starttls":
        with explained(connection, "encrypting"):
            session.starttls(context=ssl.create_default_context())


def log_in(session: smtplib.SMTP, connection: "Smtp") -> None:
    """Log in as the connection's user, where it has one.

    Raises:
        Terminal: the server refuses user and password, or takes none; neither is repeated.
    """
    if connection.user is None:
        return
    where = f"[{CONNECTION}{connection.name}] password"
    password = resolve(connection.password or "", where)
    with explained(connection, f"the login of {connection.user}"):
        try:
            session.login(connection.user, password)
        except UnicodeError:
            raise Terminal(f"{where} refers to what no login takes", seen="not ASCII") from None


@contextmanager
def explained(connection: "Smtp", what: str) -> Iterator[None]:
    """Turn what a mail server does into a Transient or Terminal of one line."""
    server = f"the mail server {connection.host}:{connection.port}"
    here = f"[{CONNECTION}{connection.name}]"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise Terminal(f"{server} refused {what}", seen=_words(error),
                       next_step=f"correct user in {here}, or what its password refers to",
                       ) from None  # fmt: skip
    except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
        raise Terminal(f"{server} refused {what}", seen=_words(error),
                       next_step=f"set encryption, host and port in {here} to what it takes",
                       ) from error  # fmt: skip
    except (smtplib.SMTPException, OSError) as error:
        raise Transient(f"{server} failed {what}", seen=_words(error),
                        next_step=f"correct host and port in {here}, or try again",
                        ) from error  # fmt: skip


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        told = error.smtp_error
        text = told.decode(errors="replace") if isinstance(told, bytes) else told
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__
