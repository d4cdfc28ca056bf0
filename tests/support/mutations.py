"""Published months, mutated: columns, values and bytes other than they should be.

A mutation is harmless where the file still says the same: its month must be loaded as if nothing
had been done to it. What was done otherwise is told by the file alone.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from support.damage import damage, hollow
from support.odd_values import (
    KINDS,
    beyond_python,
    huge_texts,
    miscoded,
    nested,
    values,
    words,
)

Columns = Callable[[pa.Table, random.Random], tuple[pa.Table, str]]


@dataclass(frozen=True)
class Mutated:
    """A file and what was done to it.

    ``plain`` is what it still says, None where only the file tells. Of one that ``is_damaged``
    nobody knows what it should say.
    """

    content: bytes
    told: str
    plain: pa.Table | None = None
    is_damaged: bool = False


def mutate(content: bytes, rng: random.Random) -> Mutated:
    """Return a file with other columns, values or bytes."""
    kind = rng.random()
    if kind < 0.25:
        return damaged(content, rng)
    if kind < 0.28:
        return Mutated(*hollow(content, rng))
    plain, told = multiply(pq.read_table(pa.BufferReader(content)), rng)
    if kind < 0.30:
        table, done, _ = changed(plain.slice(0, 20), rng)
        table, crowded = crowd(table, rng)
        return Mutated(written(table, rng), ", ".join([*done, crowded]))
    table, done, is_harmless = changed(plain, rng)
    content, told = written(table, rng), [*told, *done]
    if rng.random() < 0.1:
        content, done = damage(content, rng)
        return Mutated(content, ", ".join([*told, done]), is_damaged=True)
    return Mutated(content, ", ".join(told), plain if is_harmless else None)


def damaged(content: bytes, rng: random.Random) -> Mutated:
    """Return a file with other bytes."""
    return Mutated(*damage(content, rng), is_damaged=True)


def changed(table: pa.Table, rng: random.Random) -> tuple[pa.Table, list[str], bool]:
    """Return the table with one to three mutations, what they were, and whether all harmless."""
    mutations = HARMLESS if (is_harmless := rng.random() < 0.4) else [*HARMLESS, *HARMFUL]
    told = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        table, done = rng.choice(mutations)(table, rng)
        told.append(done)
    return table, told, is_harmless


def multiply(table: pa.Table, rng: random.Random) -> tuple[pa.Table, list[str]]:
    rows = rng.choice([1, 1, 1, 1, 1, 1, 1, 1, 2, 5])
    return (pa.concat_tables([table] * rows), [f"{rows} times"]) if rows > 1 else (table, [])


def written(table: pa.Table, rng: random.Random) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression=rng.choice(["snappy", "gzip", "zstd", "none"]),
        row_group_size=rng.choice([max(3, len(table) // 50), 1000, 1 << 20]),
        use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(["1.0", "2.0"]),
        store_schema=rng.random() < 0.8,
        version="2.6",
    )
    return sink.getvalue().to_pybytes()


# Harmless


def reorder(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    order = rng.sample(range(table.num_columns), table.num_columns)
    return table.select(order), "reordered"


def respell(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    how = rng.choice([str.lower, str.upper, str.swapcase])
    names = [name if name.startswith("__") else how(name) for name in table.column_names]
    return table.rename_columns(names), "respelled"


def index(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Add what pandas leaves behind; once."""
    name = f"__index_level_{rng.randrange(3)}__"
    if name in table.column_names:
        return table, "not indexed again"
    return table.append_column(name, pa.array(range(len(table)), pa.int64())), f"{name} added"


def resave(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Give columns another type that holds the same values."""
    told = []
    for place in rng.sample(
        range(table.num_columns), min(rng.choice([1, 3, 30]), table.num_columns)
    ):
        name, kind = table.column_names[place], rng.choice(LIKE[likeness(table, place)])
        if (column := same_values(table.column(place), kind)) is not None:
            table = table.set_column(place, name, column)
            told.append(f"{name} as {kind}")
    return table, f"saved again ({', '.join(told)})"


def same_values(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """Return the column as ``kind``, or None where that is not what it was."""
    try:
        if pa.types.is_timestamp(column.type) and (column.type.tz or column.type.unit == "ns"):
            return None
        if pa.types.is_timestamp(kind) and kind.tz:
            here = pc.assume_timezone(column, "America/New_York", ambiguous="earliest")
            there = here.cast(kind)
            back = pc.local_timestamp(there.cast(here.type))
        else:
            there = column.cast(kind)
            back = there.cast(column.type)
    except pa.ArrowException:
        return None
    return there if back.equals(column) else None


def likeness(table: pa.Table, place: int) -> str:
    column = table.column(place)
    kind, types = column.type, pa.types
    if column.null_count == len(column):
        return "nothing"
    if types.is_integer(kind) or types.is_floating(kind):
        return "number"
    return "time" if types.is_timestamp(kind) else "text"


LIKE: dict[str, list[pa.DataType]] = {
    "nothing": KINDS,
    "number": [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint64()),
        *(pa.float32(), pa.float64(), pa.decimal128(38, 0), pa.string(), pa.large_string()),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    "time": [
        *(pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ns"), pa.string()),
        *(pa.timestamp("us", "UTC"), pa.timestamp("us", "America/New_York"), pa.large_string()),
    ],
    "text": [
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()),
        *(pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int16(), pa.large_string())),
    ],
}


# Harmful, or perhaps


def rename(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    index = a_column(table, rng)
    old = table.column_names[index]
    names = ["", "source_month", "reason", "\N{SNOWMAN}\n", "__index_level_0__", old + "_"]
    new = rng.choice([*names, rng.choice(table.column_names)])
    changed = [*table.column_names]
    changed[index] = new
    return table.rename_columns(changed), f"{old} renamed {new!r}"


def drop(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    index = a_column(table, rng)
    return table.remove_column(index), f"{table.column_names[index]} dropped"


def add(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    kind = rng.choice(KINDS)
    name = rng.choice(["surge", "Surge Fee", "source_month", "column", "tip_amount", "ehail_fee"])
    return table.append_column(name, values(kind, len(table), rng)), f"{name} ({kind}) added"


def double(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Add a column of a name that is there, in the same or another case."""
    index = a_column(table, rng)
    name = rng.choice([str, str.upper, str.lower])(table.column_names[index])
    return table.append_column(name, table.column(index)), f"{name} doubled"


def retype(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Cast a column, where its values can be."""
    index, kind = a_column(table, rng), rng.choice(KINDS)
    name = table.column_names[index]
    try:
        column = table.column(index).cast(kind, safe=False)
    except pa.ArrowException:
        return table, f"{name} not cast to {kind}"
    return table.set_column(index, name, column), f"{name} cast to {kind}"


def nest(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Wrap a column's values: each a struct, or a list, of one."""
    index = a_column(table, rng)
    name, column = table.column_names[index], nested(table.column(index).combine_chunks(), rng)
    return table.set_column(index, name, column), f"{name} nested as {column.type}"


def add_strange(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Add a column of values that few programs can show, flat or nested."""
    column = rng.choice([miscoded, beyond_python])(len(table), rng)
    if rng.random() < 0.5:
        column = nested(column, rng)
    return table.append_column("strange", column), f"strange ({column.type}) added"


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


def sprinkle(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Put a few odd values among those of a column, of its kind or of another that holds them."""
    index = a_column(table, rng)
    name, column = table.column_names[index], table.column(index)
    kind = rng.choice([column.type, pa.float64(), pa.string()])
    try:
        column = column.cast(kind)
    except pa.ArrowException:
        kind = column.type
    for row in rng.sample(range(len(table)), min(rng.choice([1, 3, 9]), len(table))):
        odd = pa.chunked_array([values(kind, 1, rng)])
        parts = [*column[:row].chunks, *odd.chunks, *column[row + 1 :].chunks]
        column = pa.chunked_array(parts, kind)
    return table.set_column(index, name, column), f"{name} sprinkled with odd {kind}"


def reword(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Put words into a column of text or codes, most likely one that is text."""
    texts = [place for place, field in enumerate(table.schema) if pa.types.is_string(field.type)]
    index = rng.choice(texts or [a_column(table, rng)])
    name, make = table.column_names[index], rng.choice([words, words, words, miscoded, huge_texts])
    return table.set_column(index, name, make(len(table), rng)), f"{name}: {make.__name__}"


def crowd(table: pa.Table, rng: random.Random) -> tuple[pa.Table, str]:
    """Add hundreds or thousands of columns, among which the month's are somewhere."""
    more = rng.choice([40, 900, 10_000])
    number = pa.array(range(len(table)), pa.int64()).cast(rng.choice([pa.int64(), pa.string()]))
    name = rng.choice(["column_{}", "column {}", "x" * 60 + "{}", "surge"])
    names, at = [name.format(place) for place in range(more)], rng.randrange(more)
    return pa.table(
        [*[number] * at, *table.columns, *[number] * (more - at)],
        names=[*names[:at], *table.column_names, *names[at:]],
    ), f"{more} columns named {name!r} added"


def a_column(table: pa.Table, rng: random.Random) -> int:
    return rng.randrange(table.num_columns)


HARMLESS: list[Columns] = [reorder, respell, index, resave, resave]
HARMFUL: list[Columns] = [
    *(rename, drop, add, add, add_strange, double, nest, reword, reword),
    *(retype, retype, replace, corrupt, corrupt, *[sprinkle] * 5),
]
