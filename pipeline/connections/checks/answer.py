"""A question to a service, and its answer.

Belongs here: what every check has in common. Not here: any service.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.core.errors import PipelineError


@dataclass(frozen=True)
class Answer:
    """Whether a thing may be done, and what was seen; or why not. Only some are ``needed``."""

    what: str
    may: bool
    reason: str
    needed: bool = True


def ask(what: str, attempt: Callable[[], str]) -> Answer:
    """Return yes with what ``attempt`` tells, or no with the error that it raises."""
    try:
        return Answer(what, True, attempt())
    except PipelineError as error:
        return Answer(what, False, str(error))


def temporary_name() -> str:
    """Return a name that tells what it is for, and that nobody else has."""
    return f"_tlc_connection_test_{uuid.uuid4().hex[:12]}"
