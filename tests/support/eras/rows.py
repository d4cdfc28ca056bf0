"""A few hundred hand-made trips for any month, dense in what TLC's files really hold.

Belongs here: the values, odd ones first of all, and the file that is made of them. Not here:
names and types of columns (``published.py``) and what should become of them (``reading.py``).

Row ``i`` of a column has the value ``i`` of its pool, over and over; pools begin at different
places, so that no two columns are the same. Some rows are then what ``ODD`` says.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.eras import published

# At least one of every era; those that are beside the rule first of all.
MONTHS = {
    "yellow": (
        *("2009-03", "2010-01", "2010-02", "2010-03", "2010-11", "2012-12", "2014-08", "2018-11"),
        *("2020-09", "2023-02", "2024-08", "2025-01", "2026-06"),
    ),
    "green": ("2014-02", "2016-05", "2019-09", "2023-06", "2024-09", "2025-01", "2026-06"),
    "fhv": ("2015-01", "2018-05", "2019-02", "2019-05", "2020-07", "2023-02", "2024-08"),
    "fhvhv": ("2019-02", "2020-04", "2023-03", "2024-10", "2025-01"),
}
ROWS = 240
DUPLICATES = (10, 10, 57)

VENDOR_NAMES = ("CMT", "VTS", "DDS", "cmt", " VTS ", "Dds", "XYZ", "", None, "VTS", "CMT")
PAYMENT_WORDS = (
    *("Credit", "CREDIT", "CRE", "Cre", "crd", "Cash", "CASH", "CAS", "Cas ", "csh", "CSH"),
    *("No Charge", "NO CHARGE", "No", " no ", "Dispute", "DISPUTE", "Dis", "DIS", "UNK", "NA"),
    *("", "Credit card", None, "Cash", "CREDIT", "CRD", "no charge", "Dis"),
)
STORED = ("0", "1", "1.0", "0.0", "Y", "N", "y", " n ", "*", "2", "", None, "N")
STORED_2009 = (0.0, 1.0, None, 2.0, 0.5, 0.0, None)
RATE_WORDS = ("1", "2", " 1 ", "3", "4", "5", "6", "99", "1.0", "01", None)
LONGITUDES = (-73.991957, -73.776, 0.0, -73.982102, None, -0.0, -3509.015037)
LATITUDES = (40.721567, 0.0, 40.645, 40.73629, -0.0, None, 3400.392657)
ZONES = (264, 265, 1, 132, 138, 161, 237, 74, 75, 41, 42, 56, 57)
BASES = ("B01124", "B01124         ", "b02510", " B02844 ", "B00477", None, "b01259 ", "B02764")
BLANK_FLAGS = ("Y", "N", " ", "N", None, "", "N", "  ", "Y", "N ")
REQUEST_SOURCES = ("HV0003", "HV0005", "A", "CC", "EH0001", " ", "", None, "eh0002", "A ", "CC")

POOLS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("vendor_name", "vendor_id"), VENDOR_NAMES),
    "VendorID": (1, 2, 2, 6, 1, 7, 2),
    **dict.fromkeys(("Passenger_Count", "passenger_count"), (1, 1, 2, 0, 3, 9, 6, 1, 4, 5, 7, 8)),
    **dict.fromkeys(("Start_Lon", "End_Lon", "pickup_longitude", "dropoff_longitude"), LONGITUDES),
    **dict.fromkeys(("Start_Lat", "End_Lat", "pickup_latitude", "dropoff_latitude"), LATITUDES),
    **dict.fromkeys(("Rate_Code", "RatecodeID", "rate_code"), (1, 1, 1, 2, 3, 4, 5, 6, 99)),
    "store_and_forward": STORED_2009,
    "store_and_fwd_flag": ("N", "N", "Y", None, "N"),
    "Payment_Type": PAYMENT_WORDS,
    "payment_type": (1, 2, 1, 3, 4, 0, 5, 6, 1, 2, 2),
    "trip_type": (1, 1, 2),
    **dict.fromkeys(("PULocationID", "DOLocationID"), ZONES),
    **dict.fromkeys(("PUlocationID", "DOlocationID"), (*ZONES, 0, None, 0)),
    "SR_Flag": (1, None, None, 2, None),
    **dict.fromkeys(("dispatching_base_num", "Affiliated_base_number"), BASES),
    "originating_base_num": (*BASES, None, None, "B02887"),
    "hvfhs_license_num": ("HV0003", "HV0005", "HV0002", "HV0004", "HV0003"),
    "trip_time": (824, 1066, 0, 37, 12_345, 599, 3600),
    **dict.fromkeys(("shared_request_flag", "shared_match_flag"), BLANK_FLAGS),
    **dict.fromkeys(("access_a_ride_flag", "wav_request_flag", "wav_match_flag"), BLANK_FLAGS),
    "cbd_congestion_fee": (0.75, 0.0, None, 1.5, 0.0),
    "request_source": REQUEST_SOURCES,
    "__index_level_0__": tuple(range(1_000_000, 1_000_000 + ROWS)),
}
TEXT_POOLS = {
    "rate_code": RATE_WORDS,
    "store_and_fwd_flag": STORED,
    "payment_type": PAYMENT_WORDS,
}
"""Where yellow 2010 has text instead."""

# Not reported together, in the files since 2018-07 (yellow) and 2019 (green).
NULL_BLOCK = "passenger_count RatecodeID store_and_fwd_flag congestion_surcharge airport_fee"
GREEN_NULL_BLOCK = f"{NULL_BLOCK} payment_type trip_type"

OUTSIDE = ("2001-01-01 00:00:00", "2008-12-31 23:59:59", "2009-01-01 00:00:00",
           "2098-09-11 02:03:04", "2062-08-15 12:00:00")  # fmt: skip
FARTHEST = (397_994.37, 244_152.01, 0.0)
PICKUP_YEAR_3019 = datetime(3019, 2, 3, 17, 30)
YEAR_10000 = 253_402_300_800_000_000
BEFORE_YEAR_1 = -62_135_596_800_000_001

# What no canonical value is, and one that is against all appearance: row by row.
ODD: dict[tuple[str, str], dict[str, dict[int, Any]]] = {
    ("yellow", "2009-03"): {
        "Trip_Pickup_DateTime": {20: "not a time", 21: "", 22: "2009-02-30 00:00:00"},
        "Trip_Dropoff_DateTime": {22: "2009-03-01 25:00:00", 23: "03/04/2009 10:00", 24: None},
        "Rate_Code": {25: 1.5, 26: -1.0, 27: 1e300},
    },
    ("yellow", "2010-01"): {
        "dropoff_datetime": {30: "1263081600", 31: "2010-13-01 00:00:00", 32: None},
        "rate_code": {31: "x", 33: "1.5", 34: "", 35: "99999999999999999999"},
    },
    ("yellow", "2010-02"): {"pickup_datetime": {40: "yesterday"}},
    ("yellow", "2018-11"): {
        "passenger_count": {20: 1.5, 21: 0.999999, 22: 2.0**63, 23: -(2.0**62)},
        "RatecodeID": {20: 1.25, 24: 2.5},
    },
    ("green", "2019-09"): {
        "trip_type": {20: 1.5},
        "payment_type": {20: 0.5, 21: -0.25},
        "lpep_dropoff_datetime": {22: YEAR_10000, 23: YEAR_10000 - 1},
    },
    ("fhv", "2019-02"): {
        "dropOff_datetime": {20: PICKUP_YEAR_3019, 21: YEAR_10000, 22: None},
        "PUlocationID": {23: 264.25, 24: 265.0},
        "DOlocationID": {23: 0.5, 25: 0.5},
        "SR_Flag": {26: 1.5},
    },
    ("fhvhv", "2025-01"): {
        "request_datetime": {20: BEFORE_YEAR_1, 21: BEFORE_YEAR_1 + 1},
        "on_scene_datetime": {20: YEAR_10000, 22: YEAR_10000 + 7},
    },
}


def write_month(folder: Path, service: str, month: str) -> Path:
    """Write the month's file, named and formed as TLC's."""
    path = folder / f"{service}_tripdata_{month}.parquet"
    pq.write_table(trips(service, month), path, **published.form(month))
    return path


def trips(service: str, month: str) -> pa.Table:
    """The month's trips, the last few of them exact duplicates."""
    columns = published.columns(service, month)
    arrays = {
        name: pa.nulls(ROWS) if kind == "null" else pa.array(values, pa.type_for_alias(kind))
        for place, (name, kind) in enumerate(columns.items())
        for values in [cells(service, month, place, name, kind)]
    }
    table = pa.table(arrays)
    return pa.concat_tables([table, *(table.slice(row, 1) for row in DUPLICATES)])


def cells(service: str, month: str, place: int, name: str, kind: str) -> list[Any]:
    """A column's values: its pool's, then those of the null block, then the odd ones."""
    values = [value(service, month, place, name, kind, row) for row in range(ROWS)]
    if name in unreported(service, month):
        values[3::7] = [None] * len(values[3::7])
    if month <= "2023-01" and kind == "int64":
        # pandas makes a column of whole numbers with gaps a double.
        values = [0 if each is None else each for each in values]
    for row, odd in ODD.get((service, month), {}).get(name, {}).items():
        values[row] = odd
    return [float(each) if kind == "double" and each is not None else each for each in values]


def unreported(service: str, month: str) -> list[str]:
    """The columns that are null together, and those without any value."""
    blocks = {"yellow": ("2018-07", NULL_BLOCK), "green": ("2019-01", GREEN_NULL_BLOCK)}
    since, block = blocks.get(service, ("9999", ""))
    return block.replace("airport_fee", "airport_fee Airport_fee").split() * (month >= since)


def value(service: str, month: str, place: int, name: str, kind: str, row: int) -> Any:
    if is_without_values(service, month, name):
        return None
    if name.lower().endswith("datetime"):
        moment = time_of(month, name, row)
        return written(moment, row) if kind == "string" else moment
    if name.lower() in ("trip_distance", "trip_miles") and row < len(FARTHEST):
        return FARTHEST[row]
    pool = TEXT_POOLS.get(name) if kind == "string" and month < "2011" else None
    pool = pool or POOLS.get(name)
    return pool[(row + 5 * place) % len(pool)] if pool else dollars(row, place)


def is_without_values(service: str, month: str, name: str) -> bool:
    """No drop-off in fhv until 2016; no e-hail fee and no SR_Flag any more since 2023-02."""
    if name == "dropOff_datetime":
        return month < "2017"
    return name in ("ehail_fee", "SR_Flag") and month >= "2023-02"


def time_of(month: str, name: str, row: int) -> datetime:
    """Pick-ups all over the month and beside it; some drop-offs before, and some with a split
    second.
    """
    start = datetime.fromisoformat(f"{month}-01") + timedelta(hours=3 * row, seconds=7 * row)
    foreign = [datetime.fromisoformat(moment) for moment in OUTSIDE]
    moment = dict(enumerate([*foreign, start - timedelta(days=1), start + timedelta(days=40)]))
    begun = moment.get(row, start)
    later = {"request": -5, "on_scene": -2, "dropoff": 13 - row % 17}
    minutes = next((m for word, m in later.items() if word in name.lower()), 0)
    return begun + timedelta(minutes=minutes, microseconds=123_456 * (row % 29 == 0))


def written(moment: datetime, row: int) -> str:
    """How 2009 and 2010 have times: as text, mostly in one way."""
    text = moment.isoformat(" ")
    return {5: text.replace(" ", "T"), 6: f" {text} ", 7: f"{moment.date()} 00:00"}.get(
        row % 31, text
    )


def dollars(row: int, place: int) -> float:
    """Amounts of any size and sign, other ones in every column."""
    return round((row * 7_919 + place * 104_729) % 200_003 / 100 - 250, 2)
