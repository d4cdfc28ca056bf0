"""Numbers and times as a page says them: short, with their unit.

Belongs here: wording. Not here: what is said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

ROWS: Final = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))
BYTES: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))


def rows(count: float) -> str:
    """Return ``12.7 M``, ``1.86 bn`` or, below a thousand, all digits."""
    return _scaled(count, ROWS)


def size(count: float) -> str:
    """Return bytes as ``12.7 MB``."""
    return _scaled(count, BYTES)


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    for unit, name in units:
        if value >= unit:
            number = f"{value / unit:.3g}" if value < 999.5 * unit else f"{value / unit:,.0f}"
            return f"{number} {name}"
    return f"{value:,.0f}"


def share(value: float) -> str:
    """Return ``1.23 %``; what is there, but hardly, is ``< 0.001 %``."""
    percent = 100 * value
    if 0 < percent < 0.001:
        return "< 0.001 %"
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.3g} %"


def seconds(value: float) -> str:
    """Return ``0.8 s``, ``42 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def took(time: timedelta) -> str:
    """Return how long something took; see ``seconds``."""
    return seconds(time.total_seconds())


def moment(when: datetime) -> str:
    """Return ``2026-11-23 01:15``."""
    return f"{when:%Y-%m-%d %H:%M}"
