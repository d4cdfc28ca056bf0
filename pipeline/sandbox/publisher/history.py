"""What taxis charged and how they were paid over the years, by the month from which it holds.

Belongs here: figures that change with time. Not here: drawing trips from them (``taxis.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import Final, TypeVar

from pipeline.core.months import TripMonth

T = TypeVar("T")


@dataclass(frozen=True)
class Tariff:
    """The metered fare and what is added to it, in US dollars.

    ``unit`` is the price of a fifth of a mile, or of the time that it takes in traffic.
    """

    flag_fall: float
    unit: float
    to_jfk: float
    rush_hour: float
    mta_tax: float
    improvement: float
    toll: float


_FIRST: Final = Tariff(
    flag_fall=2.5, unit=0.4, to_jfk=45.0, rush_hour=1.0, mta_tax=nan, improvement=0.0, toll=4.57
)
_TAXED: Final = replace(_FIRST, mta_tax=0.5)
_RAISED: Final = replace(_TAXED, unit=0.5, to_jfk=52.0, toll=4.8)
_IMPROVED: Final = replace(_RAISED, improvement=0.3, toll=5.54)
_TODAY: Final = Tariff(
    flag_fall=3.0, unit=0.7, to_jfk=70.0, rush_hour=2.0, mta_tax=0.5, improvement=1.0, toll=6.94
)
TARIFFS: Final = {
    "2009-01": _FIRST,
    "2009-11": _TAXED,
    "2012-09": _RAISED,
    "2015-01": _IMPROVED,
    "2019-01": replace(_IMPROVED, toll=6.94),
    "2023-01": _TODAY,  # Since 2022-12-19.
}

_VENDORS: Final = {2: 0.76, 1: 0.23, 6: 0.01}
VENDORS: Final = {
    "2009-01": {2: 0.48, 1: 0.46, 3: 0.06},
    "2011-01": {2: 0.52, 1: 0.48},
    "2019-01": _VENDORS,
    "2025-01": _VENDORS | {7: 0.02},
}
PAYMENTS: Final = {
    "2009-01": {1: 0.3, 2: 0.69, 3: 0.007, 4: 0.003},
    "2011-01": {1: 0.55, 2: 0.44, 3: 0.006, 4: 0.003, 5: 0.001},
    "2019-01": {1: 0.77, 2: 0.205, 3: 0.008, 4: 0.015, 5: 0.002},
}
UNREPORTED_SHARES: Final = {
    "yellow": {
        "2009-01": 0.0,
        "2018-07": 0.003,
        "2019-01": 0.005,
        "2020-01": 0.03,
        "2021-01": 0.05,
        "2022-01": 0.035,
        "2023-01": 0.04,
        "2024-01": 0.1,
        "2025-01": 0.24,
        "2026-01": 0.26,
    },
    "green": {
        "2014-01": 0.0,
        "2019-01": 0.02,
        "2020-01": 0.27,
        "2021-01": 0.47,
        "2022-01": 0.1,
        "2023-01": 0.07,
        "2024-01": 0.06,
        "2025-01": 0.12,
        "2026-01": 0.13,
    },
}
"""The share of trips that lack what is not fully reported; none where counts are whole numbers."""


def in_force(table: Mapping[str, T], month: TripMonth) -> T:
    """Return what the table, in order of time, holds for ``month``."""
    return [value for first, value in table.items() if first <= month.key][-1]
