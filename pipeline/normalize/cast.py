"""Values of one Arrow type made values of a canonical kind, exactly or not at all.

Belongs here: which types are covered, and why a value is refused. Not here: which column is
which (``match.py``) and what becomes of a refused row (``conform.py``).

A conversion takes a whole array and raises ``ArrowInvalid`` where it cannot convert every value;
``convert`` finds those values by halving, so that the usual array costs one call.

Only null is no value: blank text is text like any other, and no number or time. The one exception
is NaN where a count belongs, which is how a column of doubles says null; in a double it stays.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from pipeline.schemas.service import ARROW_TYPES

Conversion = Callable[[pa.Array], pa.Array]

Reason = Literal[
    "not_an_integer",
    "out_of_range",
    "unparseable_number",
    "unparseable_timestamp",
    "finer_than_microseconds",
    "not_utf8",
]
"""Why a value is refused; ``docs/data.md`` explains each."""

NEW_YORK: Final = pa.timestamp("us", "America/New_York")
YEAR_1: Final = -62_135_596_800_000_000
YEAR_10000: Final = 253_402_300_800_000_000
"""The first microsecond in and after what BigQuery, Postgres and Python can hold."""

WORD: Final = "word"
"""The kind of values that a table turns into canonical ones: text, and numbers as their text."""

NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
WHOLE: Final = r"^(?:\+|(-?))0*([0-9]+)(?:\.0*)?$"
"""A count: no exponent, and after the point zeros at most."""


KNOWN_TYPES: Final = (
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.decimal128(38, 9), pa.bool_()),
    *(pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")),
    *(pa.date32(), pa.string(), pa.large_string(), pa.binary()),
)


def conversion(seen: pa.DataType, kind: str) -> Conversion | None:
    """Return what makes arrays of ``seen`` arrays of ``kind``; None where no cast covers it."""
    if pt.is_dictionary(seen):
        of_values = conversion(seen.value_type, kind)
        return of_values and (lambda values: of_values(decoded(values)))
    if pt.is_null(seen):
        return _cast_to(kind)
    return {
        "int64": _to_int64,
        "float64": _to_float64,
        "datetime": _to_datetime,
        "date": _to_date,
        "bool": _to_bool,
        "string": _to_string,
        WORD: _to_word,
    }[kind](seen)


def kind_of(seen: pa.DataType) -> str | None:
    """Return the canonical kind that values of ``seen`` are of; None where there is none."""
    if pt.is_dictionary(seen):
        return kind_of(seen.value_type)
    if pt.is_boolean(seen):
        return "bool"
    if pt.is_date(seen):
        return "date"
    if pt.is_timestamp(seen):
        return "datetime"
    if pt.is_integer(seen):
        return "int64"
    if pt.is_floating(seen):
        return "float64"
    return "string" if is_text(seen) and not _is_bytes(seen) else None


def closest_type(seen: pa.DataType, kind: str) -> str:
    """Return the name of the type like ``seen`` that values of ``kind`` are read from.

    Where none is called alike, it is the canonical type of the kind.
    """
    readable = [str(known) for known in KNOWN_TYPES if conversion(known, kind)]
    return next(iter(get_close_matches(str(seen), readable, n=1)), str(arrow_type(kind)))


def convert(values: pa.Array, conversion: Conversion, kind: str) -> tuple[pa.Array, list[int]]:
    """Return ``values`` as ``kind`` and the positions that were refused, which are null."""
    try:
        return conversion(values), []
    except pa.ArrowInvalid:
        if len(values) == 1:
            return pa.nulls(1, arrow_type(kind)), [0]
    middle = len(values) // 2
    left, refused_left = convert(values[:middle], conversion, kind)
    right, refused_right = convert(values[middle:], conversion, kind)
    return pa.concat_arrays([left, right]), refused_left + [middle + i for i in refused_right]


def reason(value: pa.Scalar, kind: str) -> Reason:
    """Return the code for why ``value`` was refused as ``kind``."""
    if pt.is_dictionary(value.type):
        value = value.value
    if kind in ("string", WORD):
        return "not_utf8"
    if kind == "datetime":
        return _why_no_datetime(value)
    if is_text(value.type) and not re.match(NUMBER, _trimmed_text(value)):
        return "unparseable_number"
    return "not_an_integer" if kind == "int64" and not _is_whole(value) else "out_of_range"


def arrow_type(kind: str) -> pa.DataType:
    """Return the Arrow type of a canonical kind; that of a word is text."""
    return pa.type_for_alias(ARROW_TYPES["string" if kind == WORD else kind])


def is_text(seen: pa.DataType) -> bool:
    """Return whether values are characters, or bytes that should be."""
    is_string = pt.is_string(seen) or pt.is_large_string(seen) or pt.is_string_view(seen)
    return bool(is_string or _is_bytes(seen))


def _is_bytes(seen: pa.DataType) -> bool:
    return bool(pt.is_binary(seen) or pt.is_large_binary(seen) or pt.is_binary_view(seen))


def _cast_to(kind: str) -> Conversion:
    target = arrow_type(kind)
    return lambda values: values if values.type == target else values.cast(target)


def _to_int64(seen: pa.DataType) -> Conversion | None:
    if is_text(seen):
        return lambda values: _counts(values).cast(pa.int64())
    if pt.is_floating(seen):
        return lambda values: _without_nan(values).cast(pa.int64())
    covered = pt.is_integer(seen) or pt.is_decimal(seen) or pt.is_boolean(seen)
    return _cast_to("int64") if covered else None


def _to_float64(seen: pa.DataType) -> Conversion | None:
    if is_text(seen):
        return lambda values: _finite(_trimmed(values).cast(pa.float64()))
    if pt.is_decimal(seen):
        # By way of text: Arrow's own cast may miss the nearest double by one unit.
        return lambda values: values.cast(pa.string()).cast(pa.float64())
    return _cast_to("float64") if pt.is_integer(seen) or pt.is_floating(seen) else None


def _to_datetime(seen: pa.DataType) -> Conversion | None:
    if is_text(seen):
        return lambda values: _in_years(_trimmed(values).cast(pa.timestamp("us")))
    if pt.is_timestamp(seen) and seen.tz is not None:
        return _to_wall_clock
    if pt.is_timestamp(seen) or pt.is_date(seen):
        cast = _cast_to("datetime")
        return lambda values: _in_years(cast(values))
    return None


def _to_date(seen: pa.DataType) -> Conversion | None:
    if not pt.is_date(seen):
        return None

    def cast(values: pa.Array) -> pa.Array:
        _in_years(values.cast(pa.timestamp("us")))
        return values.cast(pa.date32())

    return cast


def _to_bool(seen: pa.DataType) -> Conversion | None:
    return _cast_to("bool") if pt.is_boolean(seen) else None


def _to_string(seen: pa.DataType) -> Conversion | None:
    return _valid_text if is_text(seen) else None


def _to_word(seen: pa.DataType) -> Conversion | None:
    if is_text(seen):
        return _valid_text
    if pt.is_floating(seen):
        return lambda values: _without_nan(values).cast(pa.string())
    if pt.is_decimal(seen):
        return lambda values: values.cast(pa.float64()).cast(pa.string())
    return (lambda values: values.cast(pa.string())) if pt.is_integer(seen) else None


def decoded(values: pa.DictionaryArray) -> pa.Array:
    """Return a dictionary's values row by row; Arrow can take no string views."""
    is_view = pt.is_string_view(values.dictionary.type)
    held = values.dictionary.cast(pa.string()) if is_view else values.dictionary
    return held.take(values.indices)


def _without_nan(values: pa.Array) -> pa.Array:
    is_nan = pc.is_nan(values)
    return pc.if_else(is_nan, pa.scalar(None, values.type), values) if is_nan.true_count else values


def _to_wall_clock(values: pa.Array) -> pa.Array:
    utc = _in_years(values.cast(pa.timestamp("us", "UTC")))
    return _in_years(pc.local_timestamp(utc.cast(NEW_YORK)))


def _valid_text(values: pa.Array) -> pa.Array:
    text = values.cast(pa.string())
    # Readers trust a file's strings unseen, but BigQuery refuses bytes that are no UTF-8.
    text.validate(full=True)
    return text


def _trimmed(values: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(_valid_text(values))


def _counts(values: pa.Array) -> pa.Array:
    text = _trimmed(values)
    _all(text, pc.match_substring_regex(text, WHOLE), "no count")
    return pc.replace_substring_regex(text, WHOLE, r"\1\2")


def _finite(values: pa.Array) -> pa.Array:
    return _all(values, pc.is_finite(values), "beyond a double")


def _in_years(values: pa.Array) -> pa.Array:
    extremes = pc.min_max(values.cast(pa.int64()))
    first, last = extremes["min"].as_py(), extremes["max"].as_py()
    if first is not None and (first < YEAR_1 or last >= YEAR_10000):
        raise pa.ArrowInvalid("outside the years 1 to 9999")
    return values


def _all(values: pa.Array, valid: pa.BooleanArray, what: str) -> pa.Array:
    if valid.false_count:
        raise pa.ArrowInvalid(what)
    return values


def _why_no_datetime(value: pa.Scalar) -> Reason:
    seen = value.type
    if is_text(seen):
        return "out_of_range" if _is_moment(_trimmed_text(value)) else "unparseable_timestamp"
    is_finer = pt.is_timestamp(seen) and seen.unit == "ns" and _count(value) % 1000
    return "finer_than_microseconds" if is_finer else "out_of_range"


def _is_moment(text: str) -> bool:
    """Return whether Arrow reads a time: it knows a year 0, which nobody else has."""
    try:
        return bool(pa.array([text]).cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        return False


def _count(value: pa.Scalar) -> int:
    """Return a ns timestamp as the number it is stored as."""
    return int(pa.array([value], value.type).cast(pa.int64())[0].as_py())


def _is_whole(value: pa.Scalar) -> bool:
    if is_text(value.type):
        return re.match(WHOLE, _trimmed_text(value)) is not None
    number = Decimal(value.as_py())
    return number.is_finite() and number == number.to_integral_value()


def _trimmed_text(value: pa.Scalar) -> str:
    return str(value.cast(pa.binary()).as_py(), "utf-8", "replace").strip()
