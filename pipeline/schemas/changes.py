"""What changed in a service's files, and when: each era against the one before it.

Belongs here: finding the differences. Not here: wording them (``operate/``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final

from pipeline.core.months import TripMonth
from pipeline.schemas.eras import Era, FileColumn
from pipeline.schemas.published import published_files
from pipeline.schemas.service import ServiceSchema

EMPTY: Final = "null"
"""The Arrow type of a column that is published without any value; its own type is not known."""


@dataclass(frozen=True)
class Changes:
    """How an era's files differ from those before them, in the files' spelling.

    ``renamed`` are pairs of names, ``retyped`` are ``(name, type before, type after)``, as the last
    month before and the first month after have them; a column that is empty in either is none.
    """

    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    retyped: tuple[tuple[str, str, str], ...]
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Flip:
    """A column that is empty in an era, or whose type differs between the era's months.

    ``others`` has, by each type but the ``usual`` one, the months that have it, as inclusive
    ``(first, last)`` pairs of ``YYYY-MM``.
    """

    name: str
    usual: str
    others: Mapping[str, tuple[tuple[str, str], ...]]


def era_changes(schema: ServiceSchema, era: Era) -> Changes | None:
    """Return how ``era`` differs from the era before it, or None where it is the first."""
    place = schema.eras.index(era)
    if not place:
        return None
    before, after = _by_meaning(schema.eras[place - 1]), _by_meaning(era)
    both = [(before[meaning], after[meaning]) for meaning in before if meaning in after]
    return Changes(
        new=tuple(column.name for meaning, column in after.items() if meaning not in before),
        gone=tuple(column.name for meaning, column in before.items() if meaning not in after),
        renamed=tuple((old.name, new.name) for old, new in both if old.name != new.name),
        retyped=tuple(_retyped(schema, place, both)),
        moved=tuple(after[meaning].name for meaning in _moved([*before], [*after])),
    )


def flips(schema: ServiceSchema, era: Era) -> list[Flip]:
    """Return the columns of ``era`` that are empty in it or in some months, or change their type.

    An era that still goes on is looked at to the newest month in the table of published ones.
    """
    months = [*_months(schema, era)]
    found = (_flip(column, months) for column in era.columns)
    return [flip for flip in found if flip.others or flip.usual == EMPTY]


def _by_meaning(era: Era) -> dict[str, FileColumn]:
    return {column.canonical or column.name: column for column in era.columns}


def _retyped(
    schema: ServiceSchema, place: int, both: list[tuple[FileColumn, FileColumn]]
) -> Iterator[tuple[str, str, str]]:
    first = TripMonth.parse(schema.service, schema.eras[place].first)
    last = TripMonth.parse(schema.service, schema.eras[place - 1].last or first.key)
    for old, new in both:
        types = old.type_in(last), new.type_in(first)
        if EMPTY not in types and len({*types}) > 1:
            yield (new.name, *types)


def _moved(before: list[str], after: list[str]) -> list[str]:
    """Return the columns of both that do not come after the same ones as before."""
    before = [meaning for meaning in before if meaning in after]
    after = [meaning for meaning in after if meaning in before]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    unmoved = {meaning for _, start, size in blocks for meaning in after[start : start + size]}
    return [meaning for meaning in after if meaning not in unmoved]


def _months(schema: ServiceSchema, era: Era) -> Iterator[TripMonth]:
    month = TripMonth.parse(schema.service, era.first)
    newest = max(file.key for file in published_files() if file.service == schema.service)
    last = era.last or max(newest, era.first)
    while month.key <= last:
        yield month
        following = month.next_first_day
        month = TripMonth(schema.service, following.year, following.month)


def _flip(column: FileColumn, months: list[TripMonth]) -> Flip:
    types = [column.type_in(month) for month in months]
    usual = max(types, key=types.count)
    others: dict[str, tuple[tuple[str, str], ...]] = {}
    for arrow_type, run in groupby(months, key=column.type_in):
        keys = [month.key for month in run]
        if arrow_type != usual:
            others[arrow_type] = (*others.get(arrow_type, ()), (keys[0], keys[-1]))
    return Flip(column.name, usual, others)
