"""Tell somebody about a run.

Belongs here: the two ways by which news leave: standard error, which cron mails and systemd keeps,
and messages through connections. Not here: whether there is news (``policy.py``), what a message
says (``message.py``).
"""

import logging
import sys
from collections.abc import Callable, Iterable

from pipeline.core.errors import PipelineError
from pipeline.deployments.message import Message


def notify(news: PipelineError) -> None:
    """Write one line to standard error."""
    print(f"ERROR {news}", file=sys.stderr, flush=True)


def tell(connections: Iterable[str], message: Message, say: Callable[[str, int], None]) -> bool:
    """Send a message through each connection; return whether all went through.

    What came of each is said, once; nothing is raised, since no message is worth a run.
    """
    from pipeline.connections.messages import carrier, send

    is_told = True
    for name in connections:
        try:
            service = send(carrier(name), *message)
            say(f"told {name} ({service}): {message.title}", logging.INFO)
        except PipelineError as error:
            is_told = False
            say(f"{name} is not told: {error}", logging.WARNING)
    return is_told
