"""Runs of months, as the tests write them."""

from collections.abc import Iterator

from pipeline.core.months import TripMonth

BEYOND = "2031-12"
"""Where an open run ends: later than any month that was ever seen."""


def months(service: str, told: str) -> Iterator[TripMonth]:
    """Yield the months of ``2009-01..2009-12``, ``2010-01`` or ``2026-06..`` (open)."""
    first, dots, last = told.partition("..")
    month = TripMonth.parse(service, first)
    while month.key <= (last or (BEYOND if dots else first)):
        yield month
        following = month.next_first_day
        month = TripMonth(service, following.year, following.month)


def within(told: str, key: str) -> bool:
    """Return whether the month ``key`` is one of the run."""
    first, dots, last = told.partition("..")
    return first <= key <= (last or (BEYOND if dots else first))
