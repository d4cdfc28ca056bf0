"""Which column of a published file is which canonical column: by name, whatever its case.

The month's era knows best what a name means; a column that it does not know is taken by its
canonical name. Belongs here: the match and what is refused about it. Not here: what becomes of a
column that nobody knows (``unknown.py``), and values (``cast.py``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import pyarrow as pa
import pyarrow.types as pt

from pipeline.core.errors import Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.schemas import Column, ServiceSchema, ValueMapping, service_schema
from pipeline.schemas.eras import Era
from pipeline.schemas.service import SOURCE_MONTH

UNNAMED_INDEX: Final = re.compile(r"__index_level_\d+__")
"""What pandas calls an index that it leaves in a file; it says nothing about a trip."""

MOST_NAMES: Final = 20
LONGEST_NAME: Final = 60
"""In a line: a file may have thousands of columns, of names of any length."""

MOST_COMPARED: Final = 500
"""So many columns that nobody knows are looked at for one that is called like a missing one."""


@dataclass(frozen=True)
class Match:
    """A canonical column and its place in the file; None where the file has no such column.

    ``mapping`` turns the file's words into canonical values, None where a cast does.
    """

    column: Column
    index: int | None
    mapping: ValueMapping | None = None


@dataclass(frozen=True)
class Layout:
    """A file's columns, matched to those of ``schema`` but ``source_month``, in its order.

    ``unknown`` are the places of those that no canonical column is and that are no index;
    ``added_columns`` those of them that ``schema`` has all the same, as a month's record tells it;
    ``remark`` what is to be told of the others. ``unknown.py`` decides about them.
    """

    file_schema: pa.Schema
    schema: ServiceSchema
    matches: tuple[Match, ...]
    unknown: tuple[int, ...]
    added_columns: str | None = None
    remark: str | None = None

    @property
    def held_columns(self) -> list[str]:
        """The canonical columns that the file has."""
        return [match.column.name for match in self.matches if match.index is not None]

    @property
    def unknown_names(self) -> list[str]:
        """The names of the columns that nobody knows, in file order."""
        names = self.file_schema.names  # made anew whenever it is asked for
        return [names[index] for index in self.unknown]


@dataclass(frozen=True)
class Meaning:
    """What a name in a file says: a canonical column's values, or nothing about a trip (None)."""

    canonical: str | None
    mapping: ValueMapping | None = None


def match_columns(file_schema: pa.Schema, month: TripMonth) -> Layout:
    """Match a file's columns to the canonical ones of its service.

    Raises:
        Terminal: a column that the month's era has is missing, or two columns are the same.
    """
    schema = service_schema(month.service)
    era = schema.era(month)
    meanings = [_meaning(field, schema, era) for field in file_schema]
    places = _places(month, file_schema.names, meanings)
    unknown = tuple(index for index, meaning in enumerate(meanings) if meaning is None)
    layout = Layout(file_schema, schema, _matches(schema, meanings, places), unknown)
    _refuse_missing(month, era, layout, places)
    return layout


def listed(names: Sequence[str]) -> str:
    """Return names as words, shortened where they are very long, the first of very many."""
    return the_first([shown(name) for name in names])


def the_first(words: Sequence[str]) -> str:
    """Return the first words of a list, and how many more there are."""
    more = len(words) - MOST_NAMES
    return ", ".join(words[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def shown(name: str) -> str:
    """Return a name as one word of a line, whatever is in it."""
    short = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
    return short if short and short.isprintable() else ascii(short)


def _meaning(field: pa.Field, schema: ServiceSchema, era: Era) -> Meaning | None:
    column = schema.canonical(field.name)
    if published := era.column(field.name):
        holds_words = not (column and column.kind == "int64" and _is_number(field.type))
        return Meaning(published.canonical, published.mapping if holds_words else None)
    if column is not None and column is not SOURCE_MONTH:
        return Meaning(column.name)
    return Meaning(None) if UNNAMED_INDEX.fullmatch(field.name) else None


def _is_number(seen: pa.DataType) -> bool:
    """Return whether a column of TLC's codes holds them already: no table has to read it."""
    values = seen.value_type if pt.is_dictionary(seen) else seen
    return bool(pt.is_integer(values) or pt.is_floating(values))


def _places(
    month: TripMonth, names: Sequence[str], meanings: Sequence[Meaning | None]
) -> dict[str, int]:
    """Return where each canonical column is; refuse two columns that are the same."""
    places: dict[str, int] = {}
    for index, meaning in enumerate(meanings):
        if meaning is None or meaning.canonical is None:
            continue
        first = places.setdefault(meaning.canonical, index)
        if first != index:
            raise Terminal(
                f"{month}: the file has column {meaning.canonical} more than once",
                seen=listed([names[first], names[index]]),
                expected=f"one {meaning.canonical}",
            )
    return places


def _matches(
    schema: ServiceSchema, meanings: Sequence[Meaning | None], places: dict[str, int]
) -> tuple[Match, ...]:
    def match(column: Column) -> Match:
        index = places.get(column.name)
        meaning = None if index is None else meanings[index]
        return Match(column, index, meaning.mapping if meaning else None)

    return tuple(match(column) for column in schema.columns if column is not SOURCE_MONTH)


def _refuse_missing(month: TripMonth, era: Era, layout: Layout, places: dict[str, int]) -> None:
    wanted = [column for column in era.columns if column.canonical is not None]
    missing = [column.name for column in wanted if column.canonical not in places]
    if missing:
        hint = _other_service(month, layout.file_schema.names) or _closest(missing, layout)
        raise Terminal(
            f"{month}: the file lacks {listed(missing)}{hint}",
            seen=listed(layout.file_schema.names),
            expected=f"the columns of {month.service} as published in {month.key}",
            next_step="compare the raw file with TLC's; delete it to download it again",
        )


def _closest(missing: list[str], layout: Layout) -> str:
    """Return a hint where a column that nobody knows is called almost like a missing one."""
    unknown = {name.casefold(): name for name in layout.unknown_names[:MOST_COMPARED]}
    hints = []
    for name in missing:
        for like in get_close_matches(name.casefold(), unknown, n=1):
            to = f" to {name}" if len(missing) > 1 else ""
            hints.append(f"; {shown(unknown[like])} is closest{to}")
    return "".join(hints)


def _other_service(month: TripMonth, names: Sequence[str]) -> str:
    """Return a hint where the file's columns fit another service better."""
    folded = {name.casefold() for name in names}

    def known(service: str) -> int:
        schema = service_schema(service)
        published = {column.name.casefold() for era in schema.eras for column in era.columns}
        canonical = {column.name.casefold() for column in schema.columns}
        return len(folded & (published | canonical))

    likeliest = max(SERVICES, key=known)
    if known(likeliest) <= known(month.service):
        return ""
    return f"; it looks like a file of service {likeliest}"
