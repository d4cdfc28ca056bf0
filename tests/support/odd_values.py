"""Values at the edges of every kind of column, and columns made of them."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

KINDS = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.decimal128(20, 6), pa.decimal256(60, 0)),
    *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()),
    *(pa.binary(3), pa.dictionary(pa.int32(), pa.string()), pa.null(), pa.bool_(), pa.date32()),
    *(pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")),
    *(pa.timestamp("us", "UTC"), pa.timestamp("ns", "Asia/Tokyo"), pa.time64("us")),
    *(pa.duration("us"), pa.list_(pa.int64()), pa.struct([("x", pa.int64())])),
    *(pa.map_(pa.string(), pa.int64()), pa.dictionary(pa.int8(), pa.binary())),
]
COUNTED = [pa.time64("us"), pa.timestamp("s"), pa.timestamp("us", "No/Where"), pa.duration("s"),
           pa.date64()]  # fmt: skip
"""Kinds that are stored as a count of something, any count."""
NUMBERS = [0, 1, -1, 2, 5, 127, 255, 1000, 2**31 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [0.0, -0.0, 0.5, 1.0, 3e9, 1e300, -1e300, 5e-324, 2.0**63, float("nan"), float("inf")]
TEXTS = ["", " ", "1", " 7 ", "1.0", "1e3", "+5", "-0", "N", "Y", "B00254", " b00254 ", "NaN",
         "inf", "0x10", "99999999999999999999", "1e999", "2021-01-01", "2021-01-01 00:00:00",
         "2021-02-30", "\N{ARABIC-INDIC DIGIT ONE}", "\x00", "a\nb", "x" * 5000,
         "\N{SNOWMAN}"]  # fmt: skip
WORDS = ["CMT", "vts", " DDS ", "Credit", "CRE", "CASH", " csh ", "No Charge", "dis", "UNK", "*",
         "0", "0.0", "1", "1.0", "Y", "n", "", None]  # fmt: skip
"""What the files of 2009 and 2010 say for codes, and what no table knows."""
BLOBS = [b"", b"1", b"abc", b"\xff\xfe\xfd", b"\xc3", b"\x00\x00\x00", b"2021-01-01"]
TICKS = [0, 1, -1, 1_600_000_000, 10**12, 253_402_300_800, -62_135_596_801, 2**63 // 1000,
         -(2**63) // 1000 + 1]  # fmt: skip
MEGABYTE = 1 << 20


def values(kind: pa.DataType, rows: int, rng: random.Random) -> pa.Array:
    """Return ``rows`` values of ``kind``: mostly one ordinary value, seldom only odd ones."""
    odd = [value for choice in choices(kind) if (value := one(choice, kind)) is not None]
    usual, share = rng.choice([None, *odd]), rng.choice([0.0, 0.01, 0.5, 1.0])
    chosen = [rng.choice([None, *odd]) if rng.random() < share else usual for _ in range(rows)]
    arrays = [pa.nulls(1, kind) if value is None else value for value in chosen]
    return pa.concat_arrays(arrays) if arrays else pa.nulls(0, kind)


def nested(column: pa.Array, rng: random.Random) -> pa.Array:
    """Return the values each in a struct, or in a list."""
    if rng.random() < 0.5:
        return pa.StructArray.from_arrays([column], ["value"])
    return pa.ListArray.from_arrays(pa.array(range(len(column) + 1), pa.int32()), column)


def miscoded(rows: int, rng: random.Random) -> pa.Array:
    """Return text of which some is no UTF-8."""
    share = rng.choice([0.002, 0.5])
    codes = [b"\xff" if rng.random() < share else b"N" for _ in range(rows)]
    text = pa.array(codes, pa.binary()).view(pa.string())
    return rng.choice([text, text.dictionary_encode()])


def beyond_python(rows: int, rng: random.Random) -> pa.Array:
    """Return times that Python has no value for."""
    counts = pa.array([rng.choice(TICKS) for _ in range(rows)], pa.int64())
    return counts.view(rng.choice(COUNTED))


def words(rows: int, rng: random.Random) -> pa.Array:
    """Return ``rows`` words of 2009 and 2010."""
    return pa.array([rng.choice(WORDS) for _ in range(rows)], pa.string())


def huge_texts(rows: int, rng: random.Random) -> pa.Array:
    """Return ``rows`` texts of which a few are megabytes long."""
    long = {rng.randrange(rows or 1): rng.choice([1, 8, 32]) * MEGABYTE for _ in range(3)}
    return pa.array(["N" * long.get(row, 1) for row in range(rows)], pa.large_string())


def one(value: Any, kind: pa.DataType) -> pa.Array | None:
    """Return an array of one value, or None where ``kind`` cannot hold it."""
    try:
        return pa.array([value], kind)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return None


def choices(kind: pa.DataType) -> list[Any]:
    types = pa.types
    if types.is_dictionary(kind):
        return choices(kind.value_type)
    if types.is_timestamp(kind) or types.is_duration(kind):
        return [*TICKS, datetime(2021, 1, 5, 7), datetime(2021, 3, 14, 2, 30), timedelta(hours=1)]
    found: list[Any] = [*NUMBERS, *map(Decimal, NUMBERS), *FLOATS, True, date(2021, 1, 1)]
    nested = [[1, None], [], {"x": 1}, [("k", 1)]]
    return [*found, *TEXTS, *BLOBS, *nested]
