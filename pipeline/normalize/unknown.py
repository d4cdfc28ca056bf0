"""A column that nobody knows: left out, added, or reason enough to stop.

Belongs here: what ``[normalize] unknown_columns`` decides about a file's layout. Not here: which
columns are unknown (``match.py``) and what an added column is (``schemas/service.py``).
"""

import re
from collections import Counter
from dataclasses import replace
from typing import Final, NoReturn

import pyarrow as pa
import pyarrow.types as pt

from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.cast import kind_of
from pipeline.normalize.match import Layout, Match, listed, shown, the_first
from pipeline.schemas.service import SOURCE_MONTH

MOST_ADDED: Final = 50
MOST_TEXT: Final = 3_000
"""Added columns travel in the metadata of the month's object, which is 8 KiB at most."""

COLUMN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
RESERVED_PREFIXES: Final = (
    *("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER"),
)
"""What BigQuery allows as a column's name (its documentation of schemas), whatever the case."""


def settle(layout: Layout, month: TripMonth) -> Layout:
    """Return the layout with its unknown columns left out or added, and what is to be told of it.

    Raises:
        Terminal: there are unknown columns, and they are to fail or cannot be added.
    """
    if not layout.unknown:
        return layout
    policy = str(settings.normalize().unknown_columns)
    return {"warn": _leave_out, "add": _add, "fail": _fail}[policy](layout, month)


def _leave_out(layout: Layout, month: TripMonth) -> Layout:
    told = f"columns that no schema knows are not kept: {listed(layout.unknown_names)}"
    return replace(layout, remark=told)


def _fail(layout: Layout, month: TripMonth) -> NoReturn:
    raise Terminal(
        f"{month}: the file has columns that no schema knows",
        seen=listed(layout.unknown_names),
        expected="none ([normalize] unknown_columns is fail)",
        next_step="set it to warn to load the month without them, or to add to load them too",
    )


def _add(layout: Layout, month: TripMonth) -> Layout:
    fields = {index: layout.file_schema.field(index) for index in layout.unknown}
    typed = {index: field for index, field in fields.items() if not _is_untyped(field.type)}
    if why := _why_not(list(typed.values())):
        raise Terminal(
            f"{month}: columns that no schema knows cannot be added",
            seen=why,
            expected="columns that BigQuery can hold",
            next_step="set [normalize] unknown_columns to warn to load the month without them",
        )
    pairs = [f"{field.name} {kind_of(field.type)}" for field in typed.values()]
    untyped = [field.name for index, field in fields.items() if index not in typed]
    told = f"columns that hold no value yet are not added: {listed(untyped)}" if untyped else None
    return replace(_extended(layout, list(typed), ", ".join(pairs)), remark=told)


def _extended(layout: Layout, places: list[int], added_columns: str) -> Layout:
    """Return the layout with the columns at ``places`` behind the canonical ones."""
    if not places:
        return layout
    schema = layout.schema.extended(added_columns)
    columns = schema.columns[-len(places) :]
    matches = [Match(column, index) for column, index in zip(columns, places, strict=True)]
    return replace(
        layout,
        schema=schema,
        added_columns=added_columns,
        matches=(*layout.matches, *matches),
    )


def _why_not(fields: list[pa.Field]) -> str | None:
    """Return what stands against adding the columns, or None."""
    told = [f"{shown(field.name)} {trouble}" for field in fields if (trouble := _trouble(field))]
    times = Counter(field.name.casefold() for field in fields)
    told += [f"{shown(name)} more than once" for name, count in times.items() if count > 1]
    size = sum(len(field.name) for field in fields)
    if len(fields) > MOST_ADDED or size > MOST_TEXT:
        told.insert(0, f"{len(fields):,} columns, whose names have {size:,} characters "
                       f"(at most {MOST_ADDED} and {MOST_TEXT:,})")  # fmt: skip
    return the_first(told) if told else None


def _trouble(field: pa.Field) -> str | None:
    if kind_of(field.type) is None:
        return f"of type {shown(str(field.type))}"
    is_reserved = field.name.upper().startswith(RESERVED_PREFIXES)
    if not COLUMN_NAME.fullmatch(field.name) or is_reserved:
        return "with a name that BigQuery refuses"
    return "with a name that is taken" if SOURCE_MONTH.matches(field.name) else None


def _is_untyped(seen: pa.DataType) -> bool:
    return bool(pt.is_null(seen.value_type if pt.is_dictionary(seen) else seen))
