"""Conforming, judged by a plain-Python reference on any mix of types, nulls and column orders."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conform_reference import Refused, convert, looked_up, ruled

from pipeline.core.months import SERVICES, TripMonth
from pipeline.normalize.conform import Conformed, Conformer
from pipeline.normalize.match import match_columns
from pipeline.schemas import Column, ValueMapping, service_schema

INT64 = st.integers(-(2**63), 2**63 - 1)
CODES = st.integers(0, 265)
CENTS = st.decimals(-1000, 100_000, places=2)
NUMBERS_AS_TEXT = (
    CODES.map(str)
    | CENTS.map(str)
    | INT64.map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(str)
    | st.sampled_from(
        [
            "1.0",
            " 7 ",
            "+5",
            "5.",
            ".5",
            "1e2",
            "-0",
            "007",
            str(2**63),
            "1e300",
            "1e9999",
            "1e-9999",
        ]
    )
)
NO_NUMBERS = st.sampled_from(["", " ", "abc", "0x10", "inf", "nan", "1,5", "1 2", "--1", "\u0661"])
MOMENTS_AS_TEXT = st.datetimes().map(str) | st.dates().map(str)
NO_MOMENTS = st.sampled_from(
    [
        "",
        "yesterday",
        "0000-01-01",
        "2021-02-30",
        "2021-1-1",
        "01/02/2021",
        "2021-01-01 24:00:00",
        "2021-01-01 00:00:60",
        "2021-01-01 00:00:00Z",
        "2021-01-01 00:00:00.1234567",
    ]
)
SECONDS = st.integers(0, 2**31 - 1)
"""1970 to 2038, in which every time zone database agrees."""

INTEGERS = {
    f"{sign}int{bits}": st.integers(
        0 if sign else -(2 ** (bits - 1)), 2**bits - 1 if sign else 2 ** (bits - 1) - 1
    )
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
NUMERIC = {
    **{name: CODES.filter(lambda v: v < 128) | values for name, values in INTEGERS.items()},
    "float": CODES.map(float) | st.floats(width=32),
    "double": CODES.map(float) | CENTS.map(float) | st.floats(),
    "decimal128(20, 2)": CODES.map(Decimal) | CENTS,
    **dict.fromkeys(("string", "large_string", "dictionary"), NUMBERS_AS_TEXT | NO_NUMBERS),
}
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["", " ", "b02510 ", "B02510         ", "\u00e9"]
)
WORDS = st.sampled_from(["CMT", "vts ", "Cash", " No Charge", "DIS", "1", "1.0", "y", "", "??"])
FLAGS = st.sampled_from([0.0, 1.0, -0.0, 0.5, float("nan")])
SEEN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "int64": {**NUMERIC, "bool": st.booleans()},
    "float64": NUMERIC,
    "datetime": {
        "timestamp[s]": SECONDS | INT64,
        "timestamp[ms]": SECONDS.map(lambda s: s * 1000) | INT64,
        "timestamp[us]": SECONDS.map(lambda s: s * 1_000_000) | INT64,
        "timestamp[ns]": SECONDS.map(lambda s: s * 1_000_000_000) | INT64,
        "timestamp[us, tz=UTC]": SECONDS.map(lambda s: s * 1_000_000),
        "date32": st.integers(0, 30_000) | st.integers(-(2**31), 2**31 - 1),
        **dict.fromkeys(("string", "large_string", "dictionary"), MOMENTS_AS_TEXT | NO_MOMENTS),
    },
    "string": {
        **dict.fromkeys(("string", "large_string", "dictionary"), TEXT),
        "binary": st.binary(max_size=4),
    },
    "word": {
        **dict.fromkeys(("string", "large_string", "dictionary"), WORDS | TEXT),
        "binary": st.binary(max_size=4),
        "double": FLAGS,
        "int64": st.integers(-1, 2),
    },
}
CODES = ("int64", "double")
"""Types in which a column of codes has them already, and no words."""

MONTHS = [
    *(TripMonth(service, 2025, 1) for service in SERVICES),
    TripMonth("yellow", 2009, 5),
    TripMonth("yellow", 2010, 3),
]


def arrow_array(values: list[Any], seen: str) -> pa.Array:
    if seen == "dictionary":
        return pa.array(values, pa.string()).dictionary_encode()
    if seen.startswith("timestamp["):
        unit, _, zone = seen[10:-1].partition(", tz=")
        return pa.array(values, pa.int64()).cast(pa.timestamp(unit, zone or None))
    if seen.startswith("decimal"):
        return pa.array(values, pa.decimal128(20, 2))
    if seen == "date32":
        return pa.array(values, pa.int32()).cast(pa.date32())
    return pa.array(values, pa.type_for_alias(seen))


def kind_in(month: TripMonth, column: Column) -> str:
    """Return the kind that the month's file holds ``column`` as: a word where a table reads it."""
    return "word" if mapping_in(month, column) else column.kind


def mapping_in(month: TripMonth, column: Column) -> ValueMapping | None:
    published = service_schema(month.service).era(month).columns
    return next((c.mapping for c in published if c.canonical == column.name), None)


def is_spelled_canonically(month: TripMonth, column: Column) -> bool:
    names = {c.name for c in service_schema(month.service).era(month).columns}
    return column.kind == "int64" and column.name.casefold() in map(str.casefold, names)


@st.composite
def columns_of(draw: st.DrawFn, kind: str, rows: int) -> tuple[str, list[Any]]:
    """Draw the type that a file holds a column in, and its values; a good part of them null."""
    seen = draw(st.sampled_from(["null", *SEEN[kind]]))
    if seen == "null":
        return seen, [None] * rows
    strategy = st.none() | SEEN[kind][seen]
    return seen, draw(st.lists(strategy, min_size=rows, max_size=rows))


@st.composite
def files(draw: st.DrawFn) -> tuple[TripMonth, pa.RecordBatch, dict[str, tuple[str, list[Any]]]]:
    """Draw a month, a batch of its file in any spelling and order, and what the batch holds."""
    month = draw(st.sampled_from(MONTHS))
    rows = draw(st.integers(0, 6))
    schema = service_schema(month.service)
    spellings = {c.canonical: c.name for c in schema.era(month).columns}
    held = {
        column.name: draw(columns_of(kind_in(month, column), rows))
        for column in schema.columns
        if column.name in spellings
    }
    arrays = {draw(respelled(spellings[name])): arrow_array(v, t) for name, (t, v) in held.items()}
    if draw(st.booleans()):
        arrays["__index_level_0__"] = pa.array(range(rows), pa.int64())
    order = draw(st.permutations(list(arrays)))
    return month, pa.RecordBatch.from_pydict({name: arrays[name] for name in order}), held


def respelled(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.upper(), name.lower(), name.swapcase()])


def judged(month: TripMonth, held: dict[str, tuple[str, list[Any]]], rows: int) -> Any:
    """Return the rows to be kept, by row the reason and column of those to be refused, and by
    column how many words no table knows."""
    kept, refused, unknown = [], {}, Counter()
    for row in range(rows):
        values = {"source_month": month.first_day}
        for column in service_schema(month.service).columns[1:]:
            seen, cells = held.get(column.name, ("null", [None] * rows))
            try:
                values[column.name], is_unknown = canonical(month, column, seen, cells[row])
                unknown[column.name] += is_unknown
            except Refused as why:
                refused.setdefault(row, (why.args[0], column.name))
        if row not in refused:
            kept.append(values)
    return kept, refused, +unknown


def canonical(month: TripMonth, column: Column, seen: str, cell: Any) -> tuple[Any, bool]:
    mapping, is_unknown = mapping_in(month, column), False
    if seen in CODES and is_spelled_canonically(month, column):
        mapping = None
    value = convert(cell, seen, "word" if mapping else column.kind)
    if mapping:
        value, is_unknown = looked_up(value, mapping)
    return ruled(value, column.rule.steps if column.rule else ()), is_unknown


def counted(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return rows with times as counts, so that any year compares."""
    times = [pa.types.is_timestamp(field.type) for field in batch.schema]
    arrays = [
        array.cast(pa.int64()) if is_time else array
        for array, is_time in zip(batch.columns, times, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names).to_pylist()


def conform(month: TripMonth, batch: pa.RecordBatch) -> Conformed:
    return Conformer(month, match_columns(batch.schema, month)).conform(batch)


@settings(max_examples=60, deadline=None)
@given(files())
def test_any_mix_of_types_nulls_and_orders_gives_what_plain_python_gives(file: Any) -> None:
    month, batch, held = file
    conformed = conform(month, batch)
    kept, refused, unknown = judged(month, held, batch.num_rows)
    assert conformed.kept.schema == service_schema(month.service).arrow_schema()
    assert repr(counted(conformed.kept)) == repr(kept)
    assert {name: words.total() for name, words in conformed.unknown.items()} == unknown
    if conformed.rejected is None:
        assert refused == {}
    else:
        codes = zip(conformed.rejected.reasons, conformed.rejected.columns, strict=True)
        assert dict(zip(conformed.rejected.positions, codes, strict=True)) == refused


@settings(max_examples=40, deadline=None)
@given(files())
def test_every_row_is_kept_or_quarantined_exactly_once(file: Any) -> None:
    month, batch, _ = file
    conformed = conform(month, batch)
    rejected = conformed.rejected
    assert conformed.rows == batch.num_rows
    assert conformed.kept.num_rows + (rejected.rows.num_rows if rejected else 0) == batch.num_rows
    conformed.kept.validate(full=True)


@settings(max_examples=40, deadline=None)
@given(files(), st.integers(0, 6))
def test_where_a_file_is_cut_into_batches_makes_no_difference(file: Any, cut: int) -> None:
    month, batch, _ = file
    whole = conform(month, batch).kept
    halves = [conform(month, part).kept for part in (batch[:cut], batch[cut:])]
    assert repr(pa.Table.from_batches(halves).to_pylist()) == repr(whole.to_pylist())


def test_every_kept_row_names_the_month_of_its_file() -> None:
    month = TripMonth("fhv", 2024, 2)
    era = service_schema("fhv").era(month)
    batch = pa.RecordBatch.from_pydict({c.name: pa.nulls(3) for c in era.columns})
    assert conform(month, batch).kept["source_month"].to_pylist() == [date(2024, 2, 1)] * 3
