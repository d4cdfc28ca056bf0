"""What for-hire vehicles record of a journey: the base (fhv), or the whole ride (fhvhv).

Belongs here: their canonical columns. Not here: the journeys (``draws.py``) and the dirt.
"""

from functools import cache
from typing import Final

import numpy as np

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.city import AIRPORTS, MANHATTAN
from pipeline.sandbox.publisher.draws import (
    Columns,
    Journeys,
    Rng,
    Values,
    chance,
    draw_journeys,
    jittered,
    pick,
    urn,
)

BASES: Final = 240
UBER, LYFT = 1, 3
NO_TEXT: Final = -1
RIDE_BASES: Final = ("B02510", *(f"B{number:05d}" for number in range(2864, 2889)), "B02764")

_licences = tuple(f"B{9 + number * 13:05d}" for number in range(BASES))
FHV_VOCABULARY: Final = dict.fromkeys(
    ("dispatching_base_num", "Affiliated_base_number"),
    (*_licences, *(f"{licence:<15}" for licence in _licences), *map(str.lower, _licences)),
)
"""Base numbers, the same padded with blanks, and the same in small letters, as some rows are."""

FIRST_DROPOFFS, FIRST_NEAT_BASES, FIRST_WITHOUT_FLAG = "2017-01", "2019-01", "2019-03"

FLAGS: Final = (
    "shared_request_flag",
    "shared_match_flag",
    "access_a_ride_flag",
    "wav_request_flag",
    "wav_match_flag",
)
NO, YES, BLANK = 0, 1, 2
FHVHV_VOCABULARY: Final = {
    "hvfhs_license_num": ("HV0002", "HV0003", "HV0004", "HV0005"),
    "dispatching_base_num": RIDE_BASES,
    "originating_base_num": RIDE_BASES,
    **dict.fromkeys(FLAGS, ("N", "Y", " ")),
}


def fhv_columns(rng: Rng, month: TripMonth, index: Values, rows: int) -> Columns:
    """Return the canonical columns of the file's rows ``index``, of ``rows`` in all."""
    count = len(index)
    trips = draw_journeys(rng, month, jittered(rng, index) / rows)
    base = pick(rng, _bases(), count)
    written = _written(rng, month, base)
    columns = {
        "dispatching_base_num": written,
        "pickup_datetime": trips.pickup,
        "dropoff_datetime": trips.pickup + trips.seconds,
        "PULocationID": np.where(chance(rng, 0.75, count), np.nan, trips.pickup_zone),
        "DOLocationID": np.where(chance(rng, 0.15, count), np.nan, trips.dropoff_zone),
        "SR_Flag": np.full(count, np.nan)
        if month.key >= FIRST_WITHOUT_FLAG
        else _shared(rng, count),
        "Affiliated_base_number": np.where(
            chance(rng, 0.8, count), written, pick(rng, _bases(), count)
        ),
    }
    if month.key < FIRST_DROPOFFS:
        del columns["dropoff_datetime"], columns["DOLocationID"]
    return columns


def fhvhv_columns(rng: Rng, month: TripMonth, index: Values, rows: int) -> Columns:
    """Return the canonical columns of the file's rows ``index``, of ``rows`` in all."""
    trips = draw_journeys(rng, month, jittered(rng, index) / rows)
    columns = _ride(rng, trips, uber=chance(rng, 0.72, len(index)))
    _add_fares(rng, month, trips, columns)
    return columns


def _written(rng: Rng, month: TripMonth, base: Values) -> Values:
    """Return how the bases are written: some padded, and in older months some in small letters."""
    written: Values = base + BASES * chance(rng, 0.013, len(base))
    if month.key < FIRST_NEAT_BASES:
        small = chance(rng, 0.004, len(base))
        written[small] = base[small] + 2 * BASES
    return written


def _shared(rng: Rng, count: int) -> Values:
    return np.where(chance(rng, 0.1, count), 1.0, np.nan)


def _ride(rng: Rng, trips: Journeys, uber: Values) -> Columns:
    count = len(uber)
    base = np.where(uber, rng.integers(1, len(RIDE_BASES), count), 0)
    arrived = trips.pickup - rng.integers(10, 180, count)
    shared = chance(rng, 0.03, count)
    return {
        "hvfhs_license_num": np.where(uber, UBER, LYFT),
        "dispatching_base_num": base,
        "originating_base_num": np.where(uber, base, NO_TEXT),
        "request_datetime": arrived - rng.integers(60, 600, count),
        "on_scene_datetime": np.where(uber, arrived.astype("M8[s]"), np.datetime64("NaT", "s")),
        "pickup_datetime": trips.pickup,
        "dropoff_datetime": trips.pickup + trips.seconds,
        "PULocationID": trips.pickup_zone,
        "DOLocationID": trips.dropoff_zone,
        "trip_miles": trips.miles,
        "trip_time": trips.seconds,
        "shared_request_flag": np.where(shared, YES, NO),
        "shared_match_flag": np.where(shared & chance(rng, 0.3, count), YES, NO),
        "access_a_ride_flag": np.where(uber, BLANK, NO),
        "wav_request_flag": np.where(chance(rng, 0.002, count), YES, NO),
        "wav_match_flag": np.where(chance(rng, 0.06, count), YES, NO),
    }


def _add_fares(rng: Rng, month: TripMonth, trips: Journeys, columns: Columns) -> None:
    count = len(trips.pickup)
    demand = np.exp(rng.standard_normal(count, dtype=np.float32) * 0.2)
    fare = np.round((3.0 + 1.55 * trips.miles + 0.42 * trips.seconds / 60) * demand, 2)
    manhattan = trips.touches(MANHATTAN)
    airport = trips.touches(AIRPORTS)
    central = manhattan & chance(rng, 0.6, count) if month.key >= "2025-01" else np.False_
    columns |= {
        "base_passenger_fare": fare,
        "tolls": (airport & chance(rng, 0.4, count)) * 6.94,
        "bcf": np.round(fare * 0.0275, 2),
        "sales_tax": np.round(fare * 0.08875, 2),
        "congestion_surcharge": manhattan * 2.75,
        "airport_fee": airport * 2.5,
        "cbd_congestion_fee": np.zeros(count) + central * 1.5,
        "tips": np.round(fare * 0.18, 2) * chance(rng, 0.2, count),
        "driver_pay": np.round(fare * rng.normal(0.78, 0.06, count), 2),
    }


@cache
def _bases() -> Values:
    return urn({number: 1 / (number + 4) for number in range(BASES)})
