"""Published months, mutated: bytes damaged, columns and values other than they should be."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Bytes = Callable[[bytearray, random.Random], str]
Columns = Callable[[pa.Table, random.Random], tuple[pa.Table, str]]


def mutate(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a file with other columns, values or bytes, and what was done to it."""
    if rng.random() < 0.3:
        return damage(content, rng)
    table = pq.read_table(pa.BufferReader(content))
    told = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        table, done = rng.choice(COLUMNS)(table, rng)
        told.append(done)
    content = written(table, rng)
    if rng.random() < 0.2:
        content, done = damage(content, rng)
        told.append(done)
    return content, ", ".join(told)


def damage(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a file with other bytes, and what was done to it."""
    damaged = bytearray(content)
    told = [rng.choice(BYTES)(damaged, rng) for _ in range(rng.choice([1, 1, 2, 4]))]
    return bytes(damaged), ", ".join(told)


def written(table: pa.Table, rng: random.Random) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression=rng.choice(["snappy", "gzip", "zstd", "none"]),
        row_group_size=rng.choice([3, 50, 1000, 1 << 20]),
        use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(["1.0", "2.0"]),
        store_schema=rng.random() < 0.8,
        version="2.6",
    )
    return sink.getvalue().to_pybytes()


# Bytes: a footer is the last few KB of a file, its length 8 bytes before the end.


def flip(content: bytearray, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 8, 64])):
        place = somewhere(content, rng)
        content[place : place + 1] = bytes([rng.randrange(256)])
    return "bytes flipped"


def cut(content: bytearray, rng: random.Random) -> str:
    del content[somewhere(content, rng) :]
    return "cut short"


def remove(content: bytearray, rng: random.Random) -> str:
    place = somewhere(content, rng)
    del content[place : place + rng.choice([1, 4, 4096])]
    return f"a piece removed at {place}"


def insert(content: bytearray, rng: random.Random) -> str:
    place = somewhere(content, rng)
    content[place:place] = rng.randbytes(rng.choice([1, 4, 4096]))
    return f"a piece inserted at {place}"


def erase(content: bytearray, rng: random.Random) -> str:
    place, size = somewhere(content, rng), rng.choice([16, 512, 4096])
    content[place : place + size] = bytes(len(content[place : place + size]))
    return f"{size} bytes erased at {place}"


def transpose(content: bytearray, rng: random.Random) -> str:
    one, other, size = somewhere(content, rng), somewhere(content, rng), 256
    content[one : one + size], content[other : other + size] = (
        content[other : other + size],
        content[one : one + size],
    )
    return f"the pieces at {one} and {other} changed places"


def somewhere(content: bytearray, rng: random.Random) -> int:
    """Return a place, as often in the footer as in the pages."""
    first = max(0, len(content) - 4096) if rng.random() < 0.5 else 0
    return rng.randrange(first, len(content) or 1)


BYTES: list[Bytes] = [flip, flip, flip, cut, remove, insert, erase, transpose]


# Columns


def rename(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    index = a_column(table, rng)
    old = table.column_names[index]
    names = ["", "source_month", "reason", "\N{SNOWMAN}\n", "__index_level_0__", old.upper()]
    new = rng.choice([*names, rng.choice(table.column_names)])
    changed = [*table.column_names]
    changed[index] = new
    return table.rename_columns(changed), f"{old} renamed {new!r}"


def drop(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    index = a_column(table, rng)
    return table.remove_column(index), f"{table.column_names[index]} dropped"


def reorder(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    order = rng.sample(range(table.num_columns), table.num_columns)
    return table.select(order), "reordered"


def add(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    kind = rng.choice(KINDS)
    name = rng.choice(["surge", "source_month", "column", *table.column_names])
    return table.append_column(name, values(kind, len(table), rng)), f"{name} ({kind}) added"


def retype(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Cast a column, where its values can be."""
    index, kind = a_column(table, rng), rng.choice(KINDS)
    name = table.column_names[index]
    try:
        column = table.column(index).cast(kind, safe=False)
    except pa.ArrowException:
        return table, f"{name} not cast to {kind}"
    return table.set_column(index, name, column), f"{name} cast to {kind}"


def replace(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Put other values of any kind in a column's place."""
    index, kind = a_column(table, rng), rng.choice(KINDS)
    name = table.column_names[index]
    column = values(kind, len(table), rng)
    return table.set_column(index, name, column), f"{name} replaced by {kind}"


def corrupt(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Put other values of its own kind into a column."""
    index = a_column(table, rng)
    name, kind = table.column_names[index], table.schema.field(index).type
    column = values(kind, len(table), rng)
    return table.set_column(index, name, column), f"{name} corrupted ({kind})"


def multiply(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    rows = rng.choice([0, 1, 2, 5])
    return pa.concat_tables([table] * rows) if rows else table.slice(0, 0), f"{rows} times"


def a_column(table: pa.Table, rng: random.Random) -> int:
    return rng.randrange(table.num_columns)


COLUMNS: list[Columns] = [
    *(rename, drop, reorder, add, multiply),
    *(retype, retype, replace, replace, corrupt, corrupt),
]


# Values: those at the edges of each kind, and nulls.

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
NUMBERS = [0, 1, -1, 2, 5, 127, 255, 1000, 2**31 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [0.0, -0.0, 0.5, 1.0, 3e9, 1e300, -1e300, 5e-324, 2.0**63, float("nan"), float("inf")]
TEXTS = ["", " ", "1", " 7 ", "1.0", "1e3", "+5", "-0", "N", "Y", "B00254", "NaN", "inf", "0x10",
         "99999999999999999999", "1e999", "2021-01-01", "2021-01-01 00:00:00", "2021-02-30",
         "\N{ARABIC-INDIC DIGIT ONE}", "\x00", "a\nb", "x" * 5000, "\N{SNOWMAN}"]  # fmt: skip
BLOBS = [b"", b"1", b"abc", b"\xff\xfe\xfd", b"\xc3", b"\x00\x00\x00", b"2021-01-01"]
TICKS = [0, 1, -1, 1_600_000_000, 10**12, 253_402_300_800, -62_135_596_801, 2**63 // 1000,
         -(2**63) // 1000 + 1]  # fmt: skip


def values(kind: pa.DataType, rows: int, rng: random.Random) -> pa.Array:
    """Return ``rows`` values of ``kind``: mostly one ordinary value, seldom only odd ones."""
    odd = [value for choice in choices(kind) if (value := one(choice, kind)) is not None]
    usual, share = rng.choice([None, *odd]), rng.choice([0.0, 0.01, 0.5, 1.0])
    chosen = [rng.choice([None, *odd]) if rng.random() < share else usual for _ in range(rows)]
    arrays = [pa.nulls(1, kind) if value is None else value for value in chosen]
    return pa.concat_arrays(arrays) if arrays else pa.nulls(0, kind)


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
