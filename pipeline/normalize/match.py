"""Which column of a published file is which canonical column: by name, whatever its case.

Belongs here: the match and what is refused about it. Not here: values (``cast.py``).
"""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from pipeline.core.errors import Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.schemas import Column, ServiceSchema, service_schema
from pipeline.schemas.service import SOURCE_MONTH

INDEX_COLUMN: Final = "__index_level_0__"
"""What pandas leaves in a file; it says nothing about a trip."""


@dataclass(frozen=True)
class Match:
    """A canonical column and its place in the file; None where the era has no such column."""

    column: Column
    index: int | None


@dataclass(frozen=True)
class Layout:
    """A file's columns, matched. ``extras`` are those that no canonical column is."""

    file_schema: pa.Schema
    matches: tuple[Match, ...]
    extras: tuple[str, ...]


def match_columns(file_schema: pa.Schema, month: TripMonth) -> Layout:
    """Match a file's columns to the canonical ones of its service.

    Raises:
        Terminal: a column that the month's era has is missing, or two columns are the same.
    """
    schema = service_schema(month.service)
    means = [_canonical(schema, name) for name in file_schema.names]
    _refuse_doubles(month, file_schema.names, means)
    _refuse_missing(month, schema, file_schema.names, means)
    matches = (
        Match(column, means.index(column) if column in means else None)
        for column in schema.columns
        if column is not SOURCE_MONTH
    )
    extras = (
        name
        for name, column in zip(file_schema.names, means, strict=True)
        if column is None and name != INDEX_COLUMN
    )
    return Layout(file_schema, tuple(matches), tuple(extras))


def _canonical(schema: ServiceSchema, name: str) -> Column | None:
    column = schema.canonical(name)
    return None if column is SOURCE_MONTH else column


def _refuse_doubles(month: TripMonth, names: list[str], means: list[Column | None]) -> None:
    for column in means:
        if column is not None and means.count(column) > 1:
            same = [name for name, meant in zip(names, means, strict=True) if meant is column]
            raise Terminal(
                f"{month}: the file has column {column.name} more than once",
                seen=", ".join(same),
                expected=f"one {column.name}",
            )


def _refuse_missing(
    month: TripMonth, schema: ServiceSchema, names: list[str], means: list[Column | None]
) -> None:
    found = {column.name for column in means if column is not None}
    required = [column.canonical for column in schema.era(month).columns]
    if missing := [name for name in required if name not in found]:
        raise Terminal(
            f"{month}: the file lacks {', '.join(missing)}{_other_service(month, names)}",
            seen=", ".join(names),
            expected=f"the columns of {month.service} as published in {month.key}",
            next_step="compare the raw file with TLC's; delete it to download it again",
        )


def _other_service(month: TripMonth, names: list[str]) -> str:
    """Return a hint where the file's columns fit another service better."""

    def known(service: str) -> int:
        return sum(_canonical(service_schema(service), name) is not None for name in names)

    likeliest = max(SERVICES, key=known)
    if known(likeliest) <= known(month.service):
        return ""
    return f"; it looks like a file of service {likeliest}"
