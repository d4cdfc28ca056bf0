"""What the publisher serves now of months that it published before, for it replaces files.

Belongs here: asking about many months at once, and going on where it does not answer. Not here:
the question itself (``task.py``), and what follows from the answer (``core/sightings.py``).
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from pipeline.connections.publisher import publisher_base_url
from pipeline.core.errors import PipelineError
from pipeline.core.months import TripMonth
from pipeline.core.sightings import Sighting, Unkept, sighting
from pipeline.download import task
from pipeline.download.retries import Unreachable

logger = logging.getLogger(__name__)

T = TypeVar("T")

ASKED_AT_ONCE: Final = 8
"""Months of which the publisher is asked at the same time."""


def recheck(months: Iterable[TripMonth]) -> dict[TripMonth, Sighting | None]:
    """Return what the publisher serves of each month, asking about it once per process and day.

    Where it does not answer, that is what it was last seen to serve, None where it never was; one
    line of the log tells so. From now on what is held of an older version counts as there nowhere.

    Raises:
        Unkept: what was seen cannot be kept in ``data_dir``.
    """
    asked, refusals = [*dict.fromkeys(months)], list[PipelineError]()
    base_url, day = publisher_base_url(), task.today()

    def ask(month: TripMonth) -> None:
        if any(isinstance(refusal, Unreachable) for refusal in refusals):
            return
        try:
            task.sighted(base_url, day, month)
        except Unkept:
            raise
        except PipelineError as refusal:
            refusals.append(refusal)

    ask_at_once(ask, asked)
    if refusals:
        _tell(refusals[0], len(asked))
    return {month: sighting(month.service, month.key) for month in asked}


def ask_at_once(ask: Callable[[TripMonth], T], months: Sequence[TripMonth]) -> dict[TripMonth, T]:
    """Return each month's answer; several are asked for at the same time."""
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        return dict(zip(months, pool.map(ask, months), strict=True))


def _tell(refusal: PipelineError, months: int) -> None:
    seen = str(refusal).partition("; next: ")[0]
    logger.warning("not every one of %d months could be asked about again: %s; going on with what "
                   "was seen before", months, seen)  # fmt: skip
