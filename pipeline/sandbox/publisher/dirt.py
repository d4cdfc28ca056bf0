"""What is wrong with some rows of every real file, put into sample months.

Belongs here: rows that are odd but can be represented. Not here: what whole columns leave out;
that is the service's own (``taxis.py``, ``for_hire.py``).

Dirty rows are those whose number in the file leaves a given remainder, so that a month of any size
holds its share of each kind. Every period divides a batch and no remainder is 0, so the row before
a dirty one is always in the same batch.
"""

from datetime import date, timedelta
from typing import Final

import numpy as np

from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.draws import Columns, Values
from pipeline.sandbox.publisher.taxis import MONEY
from pipeline.sandbox.publisher.words import UNKNOWN
from pipeline.schemas import Roles, service_schema

REVERSALS: Final = (256, 40)
BACKWARDS: Final = (512, 91)
UNKNOWN_WORDS: Final = (1024, 411)
NEGATIVE_FARES: Final = (1024, 300)
FOREIGN_MONTHS: Final = (4096, 500)
HUGE_DISTANCES: Final = (16_384, 700)
DUPLICATES: Final = (16_384, 800)
YEAR_3019: Final = (65_536, 600)
"""How often each kind occurs, as (period, remainder) of the row number."""

DISTANCES: Final = (244_152.01, 397_994.37, 8_737.5)
FOREIGN_DAYS: Final = (date(2098, 9, 11), date(2001, 1, 1), date(2008, 12, 31), date(2009, 1, 1))
NO_CHARGE: Final = 3
WORDS: Final = ("payment_type", "VendorID")
A_THOUSAND_YEARS: Final = 31_556_952 * 1000


def add_dirt(columns: Columns, month: TripMonth, index: Values) -> None:
    """Make some of the batch's rows, whose numbers in the file are ``index``, dirty in place."""
    roles = service_schema(month.service).roles
    _write_unknown_words(columns, month, _rows(index, UNKNOWN_WORDS))
    _move_out_of_month(columns, month, roles, index)
    _end_before_start(columns, roles, _rows(index, BACKWARDS))
    for name in ("trip_distance", "trip_miles"):
        if name in columns:
            rows = _rows(index, HUGE_DISTANCES)
            columns[name][rows] = np.resize(DISTANCES, len(rows))
    if "base_passenger_fare" in columns:
        columns["base_passenger_fare"][_rows(index, NEGATIVE_FARES)] *= -1
    if month.service == "fhv" and month.year >= 2019:
        columns["dropoff_datetime"][_rows(index, YEAR_3019)] += A_THOUSAND_YEARS
    _repeat_row_before(columns, _rows(index, DUPLICATES))
    if roles.total_amount is not None:
        _reverse_row_before(columns, _rows(index, REVERSALS))


def _rows(index: Values, kind: tuple[int, int]) -> Values:
    """Return where in the batch the dirty rows of one kind are."""
    period, remainder = kind
    return np.flatnonzero(index % period == remainder)


def _write_unknown_words(columns: Columns, month: TripMonth, rows: Values) -> None:
    """Let the vendor or the payment of each row in turn be a word that no table knows."""
    names = [
        column.canonical
        for column in service_schema(month.service).era(month).columns
        if column.mapping is not None and column.arrow_type == "string"
    ]
    for turn, name in enumerate(name for name in WORDS if name in names):
        columns[name][rows[turn::2]] = UNKNOWN


def _move_out_of_month(columns: Columns, month: TripMonth, roles: Roles, index: Values) -> None:
    rows = _rows(index, FOREIGN_MONTHS)
    neighbours = (month.first_day - timedelta(days=1), month.next_first_day)
    days = np.array([*FOREIGN_DAYS[:2], *neighbours, *FOREIGN_DAYS[2:]], dtype="M8[D]")
    kind = index[rows] // FOREIGN_MONTHS[0] % len(days)
    pickup, dropoff = columns[str(roles.pickup_time)], columns.get(str(roles.dropoff_time))
    moved = days[kind].astype("M8[s]").astype(np.int64) + pickup[rows] % 86_400
    if dropoff is not None:
        dropoff[rows] += moved - pickup[rows]
    pickup[rows] = moved


def _end_before_start(columns: Columns, roles: Roles, rows: Values) -> None:
    """Let the trips end when they begin, or up to half an hour before."""
    if roles.dropoff_time in columns:
        early = np.resize((0, 0, 600, 1800), len(rows))
        columns[roles.dropoff_time][rows] = columns[str(roles.pickup_time)][rows] - early


def _repeat_row_before(columns: Columns, rows: Values) -> None:
    for values in columns.values():
        values[rows] = values[rows - 1]


def _reverse_row_before(columns: Columns, rows: Values) -> None:
    """Make each row the reversal of the one before: the same trip with every amount negated."""
    _repeat_row_before(columns, rows)
    for name in MONEY:
        columns[name][rows] = -columns[name][rows] + 0.0
    reported = rows[~np.isnan(columns["passenger_count"][rows])]
    columns["payment_type"][reported] = NO_CHARGE
