"""Send a message through a connection, by Apprise.

Belongs here: a connection as one of Apprise's services, sending within a time, and what is told of
a failure. Not here: what the message says, whether the way there works (``checks/``).

Apprise's own log may tell an address, which may be a secret: it goes nowhere but into the reason of
a failure, without any part of the address.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pipeline.connections.kinds import Apprise, Smtp, Webhook
from pipeline.connections.named import named
from pipeline.connections.secrets import resolve
from pipeline.core.errors import BadRequest, Terminal, Transient
from pipeline.core.profile import CONNECTION

if TYPE_CHECKING:
    from apprise import NotifyBase

Carrier = Smtp | Webhook | Apprise
"""A connection that carries messages."""

MODES: Final = {"starttls": "starttls", "tls": "ssl", "none": "insecure"}
"""What Apprise calls a mail server's encryption."""
SHORTEST: Final = 3
"""Characters of a part of an address that may be worth hiding."""


def carrier(name: str) -> Carrier:
    """Return the connection of that name.

    Raises:
        BadRequest: there is none, it cannot be read, or it carries no messages.
    """
    connection = named(name)
    if not isinstance(connection, Carrier):
        raise BadRequest(f"{name} carries no messages", seen=connection.model_dump()["kind"],
                         expected="a connection of kind apprise, smtp or webhook",
                         next_step="tlc connections list")  # fmt: skip
    return connection


def send(connection: Carrier, title: str, body: str) -> str:
    """Send a message; return the name of the service that took it. A second call sends it again.

    Takes no longer than the connection's ``timeout`` twice.

    Raises:
        Transient: nobody answers, or not in time, or the message is refused.
        Terminal: what the connection refers to is missing, or leads to no service.
    """
    with _log_kept() as said:
        service = service_of(connection)
        outcome: list[bool] = []

        def deliver() -> None:
            try:
                outcome.append(bool(service.notify(body=body, title=title)))
            except Exception as error:  # Of a hundred services, whatever it is: no message is
                said.append(type(error).__name__)  # worth more than the run that it tells of.

        # Where a server drips, or never lets go, the thread is left to the end of the process.
        thread = threading.Thread(target=deliver, daemon=True)
        thread.start()
        thread.join(2 * connection.timeout)
        if outcome != [True]:
            late = f"no answer within {2 * connection.timeout:g} s"
            why = late if thread.is_alive() else "; ".join(said) or "it was refused"
            raise Transient(f"no message went through {connection.name}",
                            seen=_hidden(why, _parts(connection)),
                            next_step=f"tlc connections test {connection.name}")  # fmt: skip
    return str(service.service_name)


def service_of(connection: Carrier) -> "NotifyBase":
    """Return the connection as one of Apprise's services; nothing is sent yet.

    Raises:
        Terminal: what it refers to is missing, or leads to no service.
    """
    from apprise import Apprise as Services
    from apprise import AppriseAsset, OverflowMode

    asset = AppriseAsset(secure_logging=True, async_mode=False)
    with _log_kept():
        found = next((made for told in _told(connection)
                      if (made := Services.instantiate(told, asset=asset))), None)  # fmt: skip
    if found is None:
        where = f"[{CONNECTION}{connection.name}]"
        raise Terminal(f"{where} leads to no service that takes messages",
                       expected="an address that Apprise knows, or sender and recipients",
                       next_step=f"tlc connections show {connection.name}")  # fmt: skip
    found.socket_connect_timeout = found.socket_read_timeout = connection.timeout
    found.overflow_mode = OverflowMode.TRUNCATE
    return found


def _told(connection: Carrier) -> "Iterator[str | dict[str, Any]]":
    """Yield what Apprise may make a service of: the first that it can, is it."""
    if isinstance(connection, Smtp):
        yield _mail(connection)
        return
    url = resolve(connection.url, f"[{CONNECTION}{connection.name}] url")
    # Of what is a known service's own https address, Apprise makes that service.
    yield url
    if isinstance(connection, Webhook):
        yield _posted(url)


def _mail(connection: Smtp) -> dict[str, Any]:
    login: dict[str, str] = {}
    if connection.user is not None:
        password = resolve(connection.password or "", f"[{CONNECTION}{connection.name}] password")
        login = {"user": quote(connection.user, ""), "password": quote(password, "")}
    return {
        "schema": "mailto" if connection.encryption == "none" else "mailtos",
        "host": connection.host,
        "smtp_host": connection.host,
        "port": connection.port,
        "secure_mode": MODES[connection.encryption],
        "from_addr": connection.sender,
        "targets": connection.recipients,
        **login,
    }


def _posted(url: str) -> dict[str, Any]:
    """Return what posts JSON to an address."""
    try:
        parts = urlsplit(url)
        return {
            "schema": {"http": "json", "https": "jsons"}[parts.scheme],
            "host": parts.hostname or "",
            "port": parts.port,
            "fullpath": parts.path,
            "user": parts.username,
            "password": parts.password,
            "params": dict(parse_qsl(parts.query)),
        }
    except (ValueError, KeyError):
        return {"schema": ""}


def _parts(connection: Carrier) -> set[str]:
    """Return the parts of what is secret about a connection, as an address has them and plain."""
    if isinstance(connection, Smtp):
        secret = resolve(connection.password, "") if connection.password else ""
        return {secret} - {""}
    url = resolve(connection.url, "")
    parts = re.split(r"[/:@?&=#,]+", url.partition("://")[2])
    return {text for part in [*parts, url] for text in (part, unquote(part))
            if len(text) >= SHORTEST}  # fmt: skip


def _hidden(text: str, parts: set[str]) -> str:
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


@contextmanager
def _log_kept() -> Iterator[list[str]]:
    """Yield what Apprise warns of meanwhile; nobody else hears it."""
    logger, said = logging.getLogger("apprise"), list[str]()
    # For good: a thread that is left behind may say more later.
    logger.propagate = False
    for talkative in (logger, logging.getLogger("urllib3")):
        # Below that, both tell addresses.
        talkative.setLevel(logging.WARNING)
    logger.addHandler(keeper := _Keeper(said))
    try:
        yield said
    finally:
        logger.removeHandler(keeper)


class _Keeper(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())
