"""What becomes of a month's file, in plain Python: the judge of a whole normalization.

Belongs here: every column and row of a file, judged by what the eras, mappings and rules declare.
Not here: single casts (``conform_reference.py``). Nothing of ``pipeline.normalize`` is used.

    judged(month, table, Policy("warn", 0.001))   # Judgement(refused=None, columns={...}, ...)
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from support.conform_reference import Refused, convert

from pipeline.core.months import TripMonth
from pipeline.schemas import Column, FileColumn, service_schema

IN_EVERY_ZONE_DATABASE = range(2**31)
"""Seconds from 1970 to 2038, in which all libraries agree about New York's clocks."""
NAME = re.compile(r"(?!_TABLE_|_FILE_|_PARTITION|_ROW_TIMESTAMP|__ROOT__|_COLIDENTIFIER)"
                  r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)  # fmt: skip
NULLS = ("null", "dictionary<values=null")
NUMBERS = ("int", "uint", "float", "double", "halffloat")
TEXTS = ("string", "large_string", "binary", "large_binary")
COVERED = {
    "int64": (*NUMBERS, "decimal", "bool", *TEXTS),
    "float64": (*NUMBERS, "decimal", *TEXTS),
    "datetime": ("timestamp", "date", *TEXTS),
    "string": TEXTS,
    "word": (*NUMBERS, "decimal", *TEXTS),
    "date": ("date",),
    "bool": ("bool",),
}
"""How the names of the Arrow types begin that a cast covers."""


class Unjudged(Exception):
    """Raised where libraries differ about a value, so that nobody can say what is right."""


@dataclass(frozen=True)
class Policy:
    """The settings that decide about a month."""

    unknown_columns: str
    max_quarantined_share: float


@dataclass
class Judgement:
    """Why the month is refused, or else its canonical values by column, and the rows refused.

    ``quarantined`` maps a row's number to the reason and the canonical column. Times are counts of
    microseconds.
    """

    refused: str | None = None
    columns: dict[str, list[Any]] = field(default_factory=dict)
    quarantined: dict[int, tuple[str, str]] = field(default_factory=dict)


def judged(month: TripMonth, table: pa.Table, policy: Policy) -> Judgement:
    """Return what must become of a file with these columns and rows.

    Raises:
        Unjudged: a value is one that libraries differ about.
    """
    meant, unknown = meanings(month, table)
    refused = why_not(month, table, meant) or why_not_unknown(unknown, policy)
    if refused:
        return Judgement(refused)
    added = [(name, kind, place) for name, kind, place in unknown if kind is not None]
    wanted = wanted_columns(month, meant, added if policy.unknown_columns == "add" else [])
    judgement = Judgement()
    for name, kind, place, finish in wanted:
        cells = [None] * len(table) if place is None else stored(table.column(place))
        seen = "null" if place is None else type_name(table.column(place).type)
        if not seen.startswith((*NULLS, *COVERED[kind])) and any(c is not None for c in cells):
            return Judgement(f"{name} is of type {seen}")
        judgement.columns[name] = judge_column(judgement, name, cells, seen, kind, finish)
    if len(judgement.quarantined) > policy.max_quarantined_share * len(table):
        return Judgement("too many rows in quarantine")
    return kept(judgement)


def meanings(
    month: TripMonth, table: pa.Table
) -> tuple[list[tuple[str, int, FileColumn | None]], list[tuple[str, str | None, int]]]:
    """Return the canonical names with their places, and the unknown columns with their kinds."""
    schema, indexes = service_schema(month.service), pandas_indexes(table.schema)
    known, unknown = [], []
    for place, name in enumerate(table.column_names):
        published = schema.era(month).column(name)
        canonical = schema.canonical(name)
        if published is not None:
            if published.canonical is not None:
                known.append((published.canonical, place, published))
        elif canonical is not None and canonical.name != "source_month":
            known.append((canonical.name, place, None))
        elif name not in indexes and not re.fullmatch(r"__index_level_\d+__", name):
            unknown.append((name, kind_of(type_name(table.schema.field(place).type)), place))
    return known, unknown


def pandas_indexes(schema: pa.Schema) -> list[str]:
    told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return [name for name in told.get("index_columns", []) if isinstance(name, str)]


def why_not(
    month: TripMonth, table: pa.Table, meant: list[tuple[str, int, FileColumn | None]]
) -> str | None:
    names = [name for name, *_ in meant]
    era = service_schema(month.service).era(month)
    needed = {column.canonical for column in era.columns if column.canonical is not None}
    if len(table) == 0:
        return "no rows"
    if table.num_columns > 1000:
        return "too many columns"
    if len(set(names)) < len(names):
        return "a column twice"
    return f"without {needed - set(names)}" if needed - set(names) else None


def why_not_unknown(unknown: list[tuple[str, str | None, int]], policy: Policy) -> str | None:
    if policy.unknown_columns == "fail" and unknown:
        return "unknown columns"
    typed = [(name, kind) for name, kind, _ in unknown if kind is not None]
    if policy.unknown_columns != "add" or not typed:
        return None
    names = [name for name, _ in typed]
    if len({name.casefold() for name in names}) < len(names):
        return "an added column twice"
    if len(names) > 50 or len("".join(names)) > 3000:
        return "too much is added"
    bad = [
        name
        for name, kind in typed
        if kind == "" or not NAME.fullmatch(name) or name.casefold() == "source_month"
    ]
    return f"{bad} cannot be added" if bad else None


def kind_of(seen: str) -> str | None:
    """Return an added column's kind: empty where there is none, None where it has no values."""
    if seen.startswith(NULLS):
        return None
    kinds = {"bool": ("bool",), "date": ("date",), "datetime": ("timestamp",),
             "int64": ("int", "uint"), "float64": ("float", "double", "halffloat"),
             "string": ("string", "large_string")}  # fmt: skip
    return next((kind for kind, begins in kinds.items() if seen.startswith(begins)), "")


Finish = Callable[[Any], Any]


def wanted_columns(
    month: TripMonth,
    meant: list[tuple[str, int, FileColumn | None]],
    added: list[tuple[str, str, int]],
) -> list[tuple[str, str, int | None, Finish]]:
    """Return the canonical columns: name, kind to cast to, place in the file, what then is done."""
    places = {name: (place, published) for name, place, published in meant}
    wanted = []
    for column in service_schema(month.service).columns[1:]:
        place, published = places.get(column.name, (None, None))
        mapping = published.mapping if published else None
        finish = by_rule(column)
        if mapping is not None:
            wanted.append((column.name, "word", place, by_mapping(mapping.values, finish)))
        else:
            wanted.append((column.name, column.kind, place, finish))
    return [*wanted, *((name, kind, place, lambda value: value) for name, kind, place in added)]


def by_mapping(values: Any, finish: Finish) -> Finish:
    known = {told.casefold(): value for told, value in values.items()}
    return lambda told: finish(None if told is None else known.get(told.strip().casefold()))


def by_rule(column: Column) -> Finish:
    steps: dict[str, Finish] = {
        "trim": str.strip,
        "upper": str.upper,
        "blank_to_null": lambda value: value if value.strip() else None,
        "zero_to_null": lambda value: value or None,
    }

    def apply(value: Any) -> Any:
        for step in column.rule.steps if column.rule else ():
            value = None if value is None else steps[step](value)
        return value

    return apply


def judge_column(
    judgement: Judgement, name: str, cells: list[Any], seen: str, kind: str, finish: Finish
) -> list[Any]:
    known: dict[str, Any] = {}
    values = []
    for row, cell in enumerate(cells):
        told = repr(cell) if seen.startswith(("float", "double", "half")) else cell
        if told not in known:
            known[told] = outcome(cell, seen, kind, finish)
        value = known[told]
        if isinstance(value, Refused):
            judgement.quarantined.setdefault(row, (value.args[0], name))
        values.append(value)
    return values


def outcome(cell: Any, seen: str, kind: str, finish: Finish) -> Any:
    """Return the canonical value, or the refusal."""
    if "tz=" in seen and cell is not None:
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[seen[10:].partition(",")[0]]
        if cell // per_second not in IN_EVERY_ZONE_DATABASE:
            raise Unjudged(f"{cell} as {seen}")
    try:
        if isinstance(cell, bytes) and kind not in ("string", "word"):
            cell = cell.decode("utf-8", "replace")
        if kind == "word":
            return finish(as_word(cell))
        if kind in ("date", "bool"):
            return finish(cell if kind == "bool" else convert(cell, "date32", "datetime"))
        return finish(convert(cell, seen, kind))
    except Refused as refusal:
        return refusal


def as_word(cell: Any) -> str | None:
    if cell is None or cell != cell:
        return None
    if isinstance(cell, (bytes, str)):
        return str(convert(cell, "string", "string"))
    number = float(cell)
    is_code = number.is_integer() and abs(number) < 2**53 and repr(number) != "-0.0"
    return str(int(number)) if is_code else "no word"


def stored(column: pa.ChunkedArray) -> list[Any]:
    """Return the values as Python has them; text as bytes, a time as its count."""
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        return stored(
            pa.chunked_array([decoded(chunk) for chunk in column.chunks], kind.value_type)
        )
    if str(kind).startswith(("string", "large_string")):
        return column.cast(pa.large_binary()).to_pylist()
    if types.is_timestamp(kind) or types.is_date64(kind):
        return column.cast(pa.int64()).to_pylist()
    if types.is_date32(kind):
        return column.cast(pa.int32()).to_pylist()
    if types.is_nested(kind) or types.is_time(kind) or types.is_duration(kind):
        return [None if is_null else "some" for is_null in column.is_null().to_pylist()]
    return column.to_pylist()


def decoded(chunk: pa.DictionaryArray) -> pa.Array:
    places = chunk.indices.to_pylist()
    parts = [chunk.dictionary[at : at + 1] if at is not None else None for at in places]
    kind = chunk.type.value_type
    return pa.concat_arrays([pa.nulls(1, kind) if part is None else part for part in parts])


def type_name(kind: pa.DataType) -> str:
    """Return the type's name, for a dictionary that of its values."""
    return (
        type_name(kind.value_type) if pa.types.is_dictionary(kind) else str(kind).split("[day")[0]
    )


def kept(judgement: Judgement) -> Judgement:
    """Take the rows in quarantine out of the columns."""
    judgement.columns = {
        name: [value for row, value in enumerate(values) if row not in judgement.quarantined]
        for name, values in judgement.columns.items()
    }
    return judgement
