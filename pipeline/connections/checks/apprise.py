"""Whether an address of Apprise's is one; nothing is sent, since whoever listens would hear it.

Belongs here: the reference, and which service it leads to. Not here: any message
(``tlc notify test``). The address is a secret, and only the service's name is told.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.connections.checks.answer import Answer, ask
from pipeline.connections.messages import service_of

if TYPE_CHECKING:
    from pipeline.connections.kinds import Apprise


def apprise_answers(connection: "Apprise") -> Iterator[Answer]:
    """Yield whether the reference leads to an address that Apprise knows."""
    yield ask(
        "read the address", lambda: f"{service_of(connection).service_name}; nothing was sent"
    )
