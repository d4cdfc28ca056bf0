"""Conforming, judged by a plain-Python reference on any mix of types, nulls and column orders."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conform_reference import Refused, convert

from pipeline.core.months import SERVICES, TripMonth
from pipeline.normalize.conform import Conformed, Conformer
from pipeline.normalize.match import match_columns
from pipeline.schemas import Column, service_schema
from pipeline.schemas.service import SOURCE_MONTH

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
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=5)
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
}


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


@st.composite
def columns_of(draw: st.DrawFn, column: Column, rows: int) -> tuple[str, list[Any]]:
    """Draw the type that a file holds ``column`` in, and its values; a good part of them null."""
    seen = draw(st.sampled_from(["null", *SEEN[column.kind]]))
    if seen == "null":
        return seen, [None] * rows
    strategy = st.none() | SEEN[column.kind][seen]
    return seen, draw(st.lists(strategy, min_size=rows, max_size=rows))


@st.composite
def files(draw: st.DrawFn) -> tuple[TripMonth, pa.RecordBatch, dict[str, tuple[str, list[Any]]]]:
    """Draw a month, a batch of its file in any spelling and order, and what the batch holds."""
    month = TripMonth(draw(st.sampled_from(SERVICES)), 2025, 1)
    rows = draw(st.integers(0, 6))
    held = {
        column.name: draw(columns_of(column, rows))
        for column in service_schema(month.service).columns
        if column is not SOURCE_MONTH
    }
    era = service_schema(month.service).era(month)
    spellings = {c.canonical: c.name for c in era.columns}
    held = {name: what for name, what in held.items() if name in spellings}
    arrays = {draw(respelled(spellings[name])): arrow_array(v, t) for name, (t, v) in held.items()}
    if draw(st.booleans()):
        arrays["__index_level_0__"] = pa.array(range(rows), pa.int64())
    order = draw(st.permutations(list(arrays)))
    return month, pa.RecordBatch.from_pydict({name: arrays[name] for name in order}), held


def respelled(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.upper(), name.lower(), name.swapcase()])


def judged(month: TripMonth, held: dict[str, tuple[str, list[Any]]], rows: int) -> Any:
    """Return the rows to be kept and, by row, the reason and column of those to be refused."""
    kept, refused = [], {}
    for row in range(rows):
        values = {"source_month": month.first_day}
        try:
            for column in service_schema(month.service).columns[1:]:
                seen, cells = held.get(column.name, ("null", [None] * rows))
                values[column.name] = convert(cells[row], seen, column.kind)
            kept.append(values)
        except Refused as why:
            refused[row] = (why.args[0], column.name)
    return kept, refused


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
    kept, refused = judged(month, held, batch.num_rows)
    assert conformed.kept.schema == service_schema(month.service).arrow_schema()
    assert repr(counted(conformed.kept)) == repr(kept)
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
