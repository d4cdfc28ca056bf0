"""How often and how long the publisher's bad moments are waited out.

Belongs here: the one retry policy of a download, bounded by ``[source] attempts`` and
``max_backoff``. Not here: which answers are a bad moment; the publisher's client knows.
"""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from pipeline.core import settings
from pipeline.core.errors import Transient

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_BACKOFF: Final = 1.0
"""Seconds; the upper bound of the first wait, which doubles from wait to wait."""


class Weather(Transient):
    """A bad moment worth another attempt; ``retry_after`` is in seconds, where it was told."""

    def __init__(self, what: str, *, retry_after: float | None = None, **parts: object) -> None:
        super().__init__(what, **parts)  # type: ignore[arg-type]
        self.retry_after = retry_after


class Unreachable(Weather):
    """Nobody answered at the publisher's address."""


def patiently(call: Callable[[], T], *, unreachable_attempts: int | None = None) -> T:
    """Return what ``call`` returns, calling it again after every :class:`Weather`.

    Waits are exponential with full jitter, or what the publisher asks for. Each wait is told in
    one line, except while nobody answers.

    Args:
        call: Must be safe to repeat.
        unreachable_attempts: Give up after so many attempts where nobody answers.

    Raises:
        Transient: the last bad moment, when the attempts are used up or the publisher asks for
            a longer wait than ``max_backoff``.
    """
    source = settings.source()
    longest = float(source.max_backoff)
    backoff = wait_random_exponential(multiplier=min(FIRST_BACKOFF, longest), max=longest)

    def exhausted(state: RetryCallState) -> bool:
        weather = _weather(state)
        attempts = int(source.attempts)
        if isinstance(weather, Unreachable) and unreachable_attempts is not None:
            attempts = min(attempts, unreachable_attempts)
        return state.attempt_number >= attempts or (weather.retry_after or 0) > longest

    def pause(state: RetryCallState) -> float:
        return _weather(state).retry_after or backoff(state)

    return Retrying(
        retry=retry_if_exception_type(Weather),
        stop=exhausted,
        wait=pause,
        before_sleep=_tell,
        reraise=True,
    )(call)


def _weather(state: RetryCallState) -> Weather:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Weather)
    return error


def _tell(state: RetryCallState) -> None:
    weather = _weather(state)
    level = logging.DEBUG if isinstance(weather, Unreachable) else logging.WARNING
    # What the user can do about it matters only when the attempts are used up.
    seen = str(weather).partition("; next: ")[0]
    logger.log(
        level, "%s; attempt %d in %.1f s", seen, state.attempt_number + 1, state.upcoming_sleep
    )
