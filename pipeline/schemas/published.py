"""Which files TLC has published, with the rows and bytes each was seen with.

Belongs here: that table, ``published_months.csv``, as of the dates it gives. Not here: what the
publisher serves today (``download/``).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.core.months import TripMonth


@dataclass(frozen=True)
class PublishedFile:
    """A month's file as it was seen: ``bytes`` is None where only the rows are known.

    ``as_of`` is when it was seen, ``2024-08`` or ``2026-10-08``.
    """

    month: TripMonth
    rows: int
    bytes: int | None
    as_of: str


def published_file(month: TripMonth) -> PublishedFile | None:
    """Return what is known of the month's file, or None where it was not published yet."""
    return published_files().get(month)


@cache
def published_files() -> dict[TripMonth, PublishedFile]:
    """Return what is known of every published file, by month."""
    table = files("pipeline.schemas").joinpath("published_months.csv").read_text("utf-8")
    return {file.month: file for file in map(_file, csv.DictReader(table.splitlines()))}


def _file(row: dict[str, str]) -> PublishedFile:
    size = int(row["bytes"]) if row["bytes"] else None
    month = TripMonth.parse(row["service"], row["month"])
    return PublishedFile(month, int(row["rows"]), size, row["as_of"])
