"""Months in a row of which the same is to be said, so that a page says it once.

Belongs here: finding and naming them. Not here: what is said, and how it is shown.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from pipeline.core.months import TripMonth


@dataclass(frozen=True)
class Stretch:
    """Months of a service, each the next of the one before; at least one."""

    months: tuple[TripMonth, ...]

    def __str__(self) -> str:
        first, last = self.months[0], self.months[-1]
        if first == last:
            return str(first)
        return f"{first} to {last.key} ({len(self.months)} months)"


def stretches(months: Iterable[TripMonth], alike: Callable[[TripMonth], Hashable]) -> list[Stretch]:
    """Return the months, which are in order, as few stretches within which ``alike`` is equal."""
    found: list[list[TripMonth]] = []
    for month in months:
        last = found[-1][-1] if found else None
        if last and _follows(month, last) and alike(month) == alike(last):
            found[-1].append(month)
        else:
            found.append([month])
    return [Stretch(tuple(each)) for each in found]


def _follows(month: TripMonth, before: TripMonth) -> bool:
    return (month.service, month.first_day) == (before.service, before.next_first_day)
