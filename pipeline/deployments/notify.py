"""Tell somebody about a run.

Belongs here: the two ways by which news leave: standard error, which cron mails and systemd keeps,
and messages through connections. Not here: whether there is news (``policy.py``), what a message
says (``message.py``).
"""

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.outcomes import of_run
from pipeline.deployments.changes import change_of
from pipeline.deployments.command import month_family
from pipeline.deployments.message import Message, message, months_of
from pipeline.deployments.records import RunRecord

Say = Callable[[str, int], None]
"""Writes a line of a level into the run's log, or onto a terminal."""


def notify(news: PipelineError) -> None:
    """Write one line to standard error."""
    print(f"ERROR {news}", file=sys.stderr, flush=True)


def tell_of_run(
    connections: tuple[str, ...], record: RunRecord, log: Path | None, say: Say, *, is_news: bool
) -> None:
    """Send a message about a run through each connection, where it is news or brought something.

    Nothing is raised, since no message is worth a run: what went wrong is said.
    """
    if not connections:
        return
    family = month_family(record.command)

    def changed(service: str, month: str) -> str | None:
        try:
            return change_of(family, service, month)
        except PipelineError as error:
            say(f"what changed in {service} {month} is not known: {error}", logging.WARNING)
            return None

    try:
        months = months_of(of_run(record.run_id), family)
    except PipelineError as error:
        say(f"no message can be made: {error}", logging.WARNING)
        return
    if is_news or any(month.result == "loaded" for month in months):
        tell(connections, message(record, months, log, changed), say)


def tell(connections: Iterable[str], message: Message, say: Say) -> bool:
    """Send a message through each connection; return whether all went through.

    What came of each is said, once; nothing is raised.
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
