"""What yellow and green taxis record of a journey: meter, passengers, fare and surcharges.

Belongs here: their canonical columns. Not here: the journeys (``draws.py``) and the dirt.
"""

from typing import Final

import numpy as np

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.city import AIRPORTS, JFK, LAGUARDIA, MANHATTAN
from pipeline.sandbox.publisher.coordinates import coordinates
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
from pipeline.sandbox.publisher.history import (
    PAYMENTS,
    TARIFFS,
    UNREPORTED_SHARES,
    VENDORS,
    in_force,
)

VOCABULARY: Final = {
    "store_and_fwd_flag": ("N", "Y"),
    "request_source": ("", "A", "CC", "HV0003", "HV0005", "EH0017", "EH0042"),
}
"""The texts that a column's numbers stand for; -1 stands for none."""

MONEY: Final = (
    "fare_amount",
    "extra",
    "mta_tax",
    "tip_amount",
    "tolls_amount",
    "improvement_surcharge",
    "congestion_surcharge",
    "airport_fee",
    "cbd_congestion_fee",
    "total_amount",
)
UNREPORTED: Final = ("passenger_count", "RatecodeID", "congestion_surcharge", "airport_fee")
"""The numbers that are missing together, in the trips at the end of a file."""

PASSENGERS: Final = {1: 0.74, 2: 0.14, 3: 0.035, 4: 0.025, 5: 0.025, 6: 0.015, 0: 0.02}
SOURCES: Final = dict(enumerate((0.55, 0.05, 0.05, 0.2, 0.1, 0.03, 0.02)))
CARD, FLEX = 1, 0
VERIFONE: Final = 2
LAST_WITHOUT_ZONES: Final = "2010-12"


def taxi_columns(rng: Rng, month: TripMonth, index: Values, rows: int) -> Columns:
    """Return the canonical columns of the file's rows ``index``, of ``rows`` in all."""
    unreported = index >= rows - _unreported_rows(month, rows)
    trips = draw_journeys(rng, month, _position(month, jittered(rng, index), rows))
    columns = _trip(rng, month, trips) | _payment(rng, month, trips)
    _add_fares(rng, month, trips, columns)
    if month.key <= LAST_WITHOUT_ZONES:
        columns |= coordinates(rng, trips)
        columns["store_and_fwd_flag"][columns["VendorID"] == VERIFONE] = -1
    _forget(month, columns, unreported)
    columns["total_amount"] = np.round(np.nansum([columns[name] for name in MONEY[:-1]], axis=0), 2)
    return columns


def _unreported_rows(month: TripMonth, rows: int) -> int:
    return int(rows * in_force(UNREPORTED_SHARES[month.service], month))


def _position(month: TripMonth, index: Values, rows: int) -> Values:
    """Return each row's place in the month: the file runs through it twice, the second time
    with the trips that were not fully reported."""
    last = _unreported_rows(month, rows)
    first = rows - last
    return np.where(index < first, index / max(first, 1), (index - first) / max(last, 1))


def _trip(rng: Rng, month: TripMonth, trips: Journeys) -> Columns:
    count = len(trips.pickup)
    prefix = "tpep" if month.service == "yellow" else "lpep"
    flat = trips.touches([JFK]) & chance(rng, 0.6, count) & (month.service == "yellow")
    return {
        "VendorID": pick(rng, urn(in_force(VENDORS, month)), count),
        f"{prefix}_pickup_datetime": trips.pickup,
        f"{prefix}_dropoff_datetime": trips.pickup + trips.seconds,
        "passenger_count": pick(rng, urn(PASSENGERS), count).astype(float),
        "trip_distance": trips.miles,
        "RatecodeID": np.where(flat, 2.0, np.where(chance(rng, 0.006, count), 5.0, 1.0)),
        "store_and_fwd_flag": chance(rng, 0.004, count).astype(np.int8),
        "PULocationID": trips.pickup_zone,
        "DOLocationID": trips.dropoff_zone,
        "trip_type": np.where(chance(rng, 0.03, count), 2.0, 1.0),
        "ehail_fee": np.full(count, np.nan),
    }


def _payment(rng: Rng, month: TripMonth, trips: Journeys) -> Columns:
    count = len(trips.pickup)
    return {
        "payment_type": pick(rng, urn(in_force(PAYMENTS, month)), count).astype(float),
        "request_source": pick(rng, urn(SOURCES), count).astype(np.int8),
    }


def _add_fares(rng: Rng, month: TripMonth, trips: Journeys, columns: Columns) -> None:
    count = len(trips.pickup)
    tariff = in_force(TARIFFS, month)
    units = np.floor(trips.miles * 5 + trips.seconds / 60 * 0.35)
    metered = np.round(tariff.flag_fall + tariff.unit * units, 2)
    fare = np.where(columns["RatecodeID"] == 2, tariff.to_jfk, metered)
    rush = (trips.hour >= 16) & (trips.hour < 20)
    night = (trips.hour >= 20) | (trips.hour < 6)
    columns["fare_amount"] = fare
    columns["extra"] = (rush + night * 0.5) * tariff.rush_hour
    columns["mta_tax"] = np.full(count, tariff.mta_tax)
    columns["improvement_surcharge"] = np.full(count, tariff.improvement)
    tolled = trips.touches(AIRPORTS) & chance(rng, 0.45, count)
    columns["tolls_amount"] = tolled * tariff.toll
    _add_surcharges(rng, month, trips, columns)
    generous = np.round((fare + columns["extra"] + 3.5) * rng.normal(0.2, 0.05, count).clip(0), 2)
    tips = (columns["payment_type"] == CARD) & chance(rng, 0.93, count)
    columns["tip_amount"] = np.where(tips, generous, 0.0)


def _add_surcharges(rng: Rng, month: TripMonth, trips: Journeys, columns: Columns) -> None:
    count = len(trips.pickup)
    manhattan = trips.touches(MANHATTAN)
    congestion = 2.5 if month.service == "yellow" else 2.75 * chance(rng, 0.3, count)
    at_airport = np.isin(trips.pickup_zone, (JFK, LAGUARDIA))
    fee = 1.25 if month.key < "2023-04" else 1.75
    central = manhattan & chance(rng, 0.6, count) if month.key >= "2025-01" else np.False_
    columns["congestion_surcharge"] = _since(month, "2019-02", manhattan * congestion)
    columns["airport_fee"] = _since(month, "2022-01", at_airport * fee)
    columns["cbd_congestion_fee"] = np.zeros(count) + central * 0.75


def _since(month: TripMonth, first: str, amounts: Values) -> Values:
    """Return the amounts, or none of them where they were not recorded yet."""
    return amounts if month.key >= first else np.full(len(amounts), np.nan)


def _forget(month: TripMonth, columns: Columns, unreported: Values) -> None:
    """Blank what the trips at the end of the file do not report, all of it together."""
    green = month.service == "green"
    for name in (*UNREPORTED, *(("payment_type", "trip_type") if green else ())):
        columns[name][unreported] = np.nan
    columns["store_and_fwd_flag"][unreported] = -1
    if not green:
        columns["payment_type"][unreported] = FLEX
    for name in ("extra", "tip_amount"):
        columns[name][unreported] = 0.0
