"""The page's drawings as numbers: paths, scales and ticks, for inline SVG.

Belongs here: geometry. Not here: what is drawn (``views.py``), colours and markup (the template).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from typing import Final

Values = Sequence[float | None]
"""One for each month of a time axis; None where nothing is known."""

NICE: Final = (1, 2, 2.5, 5, 10)
MOST_YEARS_LABELLED: Final = 6


@dataclass(frozen=True)
class Drawing:
    """Steps over months in a box of ``width`` by ``height``; ``top`` is the value at its top."""

    path: str
    top: float
    width: int
    height: int


@dataclass(frozen=True)
class Tick:
    """A place on the time axis and what stands there, e.g. ``2016``."""

    x: float
    label: str


def steps(values: Values, width: int, height: int, top: float | None = None) -> Drawing:
    """Return the values as filled steps, with a gap where nothing is known.

    ``top`` is the value at the box's top; without it a round one above all values.
    """
    highest = top or nice_top(max((value for value in values if value is not None), default=0))
    wide = width / max(1, len(values))
    path = "".join(_block(block, wide, height, highest) for block in _known(values))
    return Drawing(path, highest, width, height)


def years(first: int, months: int, width: int) -> list[Tick]:
    """Return ticks at the beginning of years, of ``months`` since January of ``first``."""
    count = max(1, months // 12)
    every = next(step for step in (1, 2, 3, 5, 10, count) if count / step <= MOST_YEARS_LABELLED)
    wide = width / max(1, months)
    return [Tick(round(12 * n * wide, 1), str(first + n)) for n in range(0, count, every)]


def nice_top(value: float) -> float:
    """Return the least round number (1, 2, 2.5 or 5 times a power of ten) that is not below."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(nice * power for nice in NICE if nice * power >= value * (1 - 1e-9))


def _known(values: Values) -> Iterator[list[tuple[int, float]]]:
    """Yield the runs of months that are known, as places and values."""
    for is_known, run in groupby(enumerate(values), lambda pair: pair[1] is not None):
        if is_known:
            yield [(place, value) for place, value in run if value is not None]


def _block(block: Sequence[tuple[int, float]], wide: float, height: int, top: float) -> str:
    start, tops = block[0][0] * wide, []
    for place, value in block:
        # What is there at all is seen, however little it is.
        up = min(1.0, max(value / top, 0.6 / height)) if value > 0 else 0.0
        tops.append(f"V{height - up * height:.1f}H{(place + 1) * wide:.1f}")
    return f"M{start:.1f} {height}{''.join(tops)}V{height}Z"
