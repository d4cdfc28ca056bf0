"""Random draws that sample months are made of: weighted values and whole journeys.

Belongs here: when, where, how far and how long. Not here: what a service records of a journey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.city import (
    AIRPORT_MILES,
    OUTSIDE_ZONE,
    POPULAR_ZONES,
    WEEKDAYS,
    WEEKEND_HOURS,
    WORKDAY_HOURS,
    ZONES,
)

Values = npt.NDArray[Any]
Columns = dict[str, Values]
Rng = np.random.Generator

URN_SIZE: Final = 1 << 14


@dataclass(frozen=True)
class Journeys:
    """One batch of trips: parallel arrays. Times are seconds since 1970 on the wall clock."""

    pickup: Values
    seconds: Values
    pickup_zone: Values
    dropoff_zone: Values
    miles: Values

    @property
    def hour(self) -> Values:
        """The hour of the day of each pick-up."""
        return self.pickup // 3600 % 24

    def touches(self, zones: Sequence[int]) -> Values:
        """Return which trips begin or end in one of ``zones``."""
        return np.isin(self.pickup_zone, zones) | np.isin(self.dropoff_zone, zones)


def urn(weights: Mapping[Any, float]) -> Values:
    """Return an array in which each value is as frequent as its weight; see :func:`pick`."""
    share = np.cumsum(list(weights.values()))
    edges = np.round(share / share[-1] * URN_SIZE).astype(int)
    return np.repeat(np.array(list(weights)), np.diff(edges, prepend=0))


def pick(rng: Rng, values: Values, count: int) -> Values:
    """Draw ``count`` values from an urn."""
    picked: Values = values[rng.integers(0, len(values), count, dtype=np.uint16)]
    return picked


def chance(rng: Rng, share: float, count: int) -> Values:
    """Return ``count`` booleans of which ``share`` are true."""
    drawn: Values = rng.random(count, dtype=np.float32) < share
    return drawn


def jittered(rng: Rng, index: Values) -> Values:
    """Return each row's number plus a part of one, so that trips do not begin like clockwork."""
    numbers: Values = index + rng.random(len(index))
    return numbers


def draw_journeys(rng: Rng, month: TripMonth, position: Values) -> Journeys:
    """Draw a trip for each ``position``, the share of the month's trips that began before it."""
    count = len(position)
    zones = _zones(month.service)
    pickup = _pickups(month, position)
    ends = pick(rng, zones, count), pick(rng, zones, count)
    miles = _miles(rng, *ends)
    return Journeys(pickup, _seconds(rng, miles, pickup), *ends, miles)


def _pickups(month: TripMonth, position: Values) -> Values:
    """Return when the trips began, by the inverse of the month's hourly distribution."""
    share = _shares(month)
    start = int(np.datetime64(month.first_day, "s").astype(np.int64))
    offset = np.interp(position, share, np.arange(len(share)) * 3600)
    return start + np.minimum(offset.astype(np.int64), (len(share) - 1) * 3600 - 1)


@cache
def _shares(month: TripMonth) -> Values:
    """Return the share of the month's trips that began before each hour, 0 to 1."""
    days = (month.next_first_day - month.first_day).days
    weekdays = [(month.first_day + timedelta(day)).weekday() for day in range(days)]
    weather = np.random.default_rng([month.year, month.month]).normal(1, 0.05, days)
    hours = [
        np.array(WEEKEND_HOURS if day >= 5 else WORKDAY_HOURS) * WEEKDAYS[day] * luck
        for day, luck in zip(weekdays, weather, strict=True)
    ]
    trips = np.concatenate([[0.0], *hours]).cumsum()
    shares: Values = trips / trips[-1]
    return shares


def _miles(rng: Rng, pickup_zone: Values, dropoff_zone: Values) -> Values:
    miles = np.exp(rng.standard_normal(len(pickup_zone)) * 0.8 + 0.6)
    to_airport = np.zeros(OUTSIDE_ZONE + 1)
    to_airport[list(AIRPORT_MILES)] = list(AIRPORT_MILES.values())
    away = pickup_zone != dropoff_zone
    miles += np.maximum(to_airport[pickup_zone], to_airport[dropoff_zone]) * away
    return np.round(miles, 2)


def _seconds(rng: Rng, miles: Values, pickup: Values) -> Values:
    traffic = 0.75 + np.array(WORKDAY_HOURS)[pickup // 3600 % 24] / 250
    pace = np.exp(rng.standard_normal(len(miles), dtype=np.float32) * 0.25)
    seconds: Values = (60 + 370 * miles**0.78 * traffic * pace).astype(np.int64)
    return seconds


@cache
def _zones(service: str) -> Values:
    popular = POPULAR_ZONES[service]
    others = [zone for zone in ZONES if zone not in popular]
    weights = {zone: 1 / (rank + 6) for rank, zone in enumerate(popular)}
    return urn(weights | dict.fromkeys(others, 0.005))
