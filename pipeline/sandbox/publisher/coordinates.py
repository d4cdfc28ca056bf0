"""Where the trips of 2009 and 2010 began and ended: coordinates, for want of zones.

Belongs here: a point for each zone, and the device's errors. Not here: the zones (``city.py``).
"""

from functools import cache
from typing import Final

import numpy as np

from pipeline.sandbox.publisher.city import JFK, LAGUARDIA, MANHATTAN, NEWARK, OUTSIDE_ZONE
from pipeline.sandbox.publisher.draws import Columns, Journeys, Rng, Values, chance

# Degrees of longitude and latitude.
AIRPORT_POINTS: Final = {
    JFK: (-73.7781, 40.6413),
    LAGUARDIA: (-73.8740, 40.7769),
    NEWARK: (-74.1745, 40.6895),
}
BATTERY, INWOOD = (-74.013, 40.706), (-73.922, 40.866)
SOUTH_WEST, NORTH_EAST = (-74.02, 40.6), (-73.76, 40.88)
SPREAD: Final = 0.004
"""The standard deviation of a trip's end from its zone's point."""

NO_FIX, NO_FIX_AT_THE_END = 0.015, 0.003
"""The shares of trips whose device had no position: it wrote zeros."""


def coordinates(rng: Rng, trips: Journeys) -> Columns:
    """Return the canonical columns of both ends, in degrees; zeros where there was no position."""
    count = len(trips.pickup)
    lost = chance(rng, NO_FIX, count)
    lost_later = lost | chance(rng, NO_FIX_AT_THE_END, count)
    columns = {}
    for end, zones, without in (
        ("pickup", trips.pickup_zone, lost),
        ("dropoff", trips.dropoff_zone, lost_later),
    ):
        for axis, name in enumerate(("longitude", "latitude")):
            degrees = _points()[zones, axis] + rng.standard_normal(count) * SPREAD
            columns[f"{end}_{name}"] = np.where(without, 0.0, np.round(degrees, 6))
    return columns


@cache
def _points() -> Values:
    """Return longitude and latitude by zone: Manhattan's in a row, the others strewn."""
    numbers = np.arange(OUTSIDE_ZONE + 1)
    strewn = np.stack([numbers * 0.618 % 1, numbers * 0.382 % 1], axis=1)
    points: Values = np.array(SOUTH_WEST) + strewn * np.subtract(NORTH_EAST, SOUTH_WEST)
    points[list(MANHATTAN)] = np.linspace(BATTERY, INWOOD, len(MANHATTAN))
    for zone, point in AIRPORT_POINTS.items():
        points[zone] = point
    return points
