"""Whether a webhook's host can be reached; nothing is posted, since whoever listens would hear it.

Belongs here: the reference, the host, the way there. Not here: any message. The address is a
secret, and only its host is told.
"""

import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.connections.checks.answer import Answer, ask
from pipeline.connections.secrets import resolve
from pipeline.core.errors import Terminal, Transient
from pipeline.core.profile import CONNECTION

if TYPE_CHECKING:
    from pipeline.connections.kinds import Webhook

PORTS = {"http": 80, "https": 443}


def webhook_answers(connection: "Webhook") -> Iterator[Answer]:
    """Yield whether the reference leads to an http address, and whether its host answers."""
    address = _Address(connection)
    yield (read := ask("read the address", address.read))
    if read.may:
        yield ask("reach the host", address.reach)


class _Address:
    """The address, apart from what is secret about it."""

    def __init__(self, connection: "Webhook") -> None:
        self.connection = connection
        self.scheme, self.host, self.port = "", "", 0

    def read(self) -> str:
        where = f"[{CONNECTION}{self.connection.name}] url"
        try:
            parts = urlsplit(resolve(self.connection.url, where))
            self.scheme, self.host = parts.scheme, parts.hostname or ""
            self.port = parts.port or PORTS[self.scheme]
        except (ValueError, KeyError):
            # Their messages may repeat it.
            self.host = ""
        if not self.host:
            raise Terminal(f"{where} refers to no address", seen=self.connection.url,
                           expected="http(s)://HOST/...")  # fmt: skip
        return self.connection.url

    def reach(self) -> str:
        there = (self.host, self.port)
        try:
            with socket.create_connection(there, self.connection.timeout) as plain:
                if self.scheme == "https":
                    trusted = ssl.create_default_context()
                    trusted.wrap_socket(plain, server_hostname=self.host).close()
        except OSError as error:
            raise Transient(
                f"{self.host}:{self.port} cannot be reached",
                seen=error,
                next_step="check the network, or what url refers to",
            ) from error
        return f"{self.host}:{self.port}; nothing was posted"
