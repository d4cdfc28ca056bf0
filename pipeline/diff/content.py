"""What differs between the rows of two canonical files of a month.

Belongs here: comparing them, in bounded memory. Not here: which files they are (``versions.py``).

A group of rows is told from another by its number and by the sum of its rows' hashes, which no
order changes: so a day is found to differ where a single value of it does.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.schemas import service_schema
from pipeline.schemas.service import Column, ServiceSchema

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "512MB"
THREADS: Final = 2
BY_DAY_AND_ZONE: Final = """
CREATE TEMP TABLE grouped AS
SELECT age, CAST(day AS VARCHAR) AS day, CAST(zone AS VARCHAR) AS zone, COUNT(*) AS n,
  SUM(digest) AS digest
FROM (
  SELECT 'before' AS age, {day} AS day, {zone} AS zone, HASH({columns}) AS digest FROM before
  UNION ALL
  SELECT 'after' AS age, {day} AS day, {zone} AS zone, HASH({columns}) AS digest FROM after
)
GROUP BY ALL
"""
DIFFERING: Final = """
SELECT name, before, after FROM (
  SELECT {key} AS name, TRY_CAST(name AS INT) AS number,
    IFNULL(SUM(n) FILTER (age = 'before'), 0)::BIGINT AS before,
    IFNULL(SUM(n) FILTER (age = 'after'), 0)::BIGINT AS after,
    SUM(digest) FILTER (age = 'before') AS old, SUM(digest) FILTER (age = 'after') AS new
  FROM grouped GROUP BY ALL
)
WHERE before <> after OR old IS DISTINCT FROM new
ORDER BY number, name
"""


@dataclass(frozen=True)
class Change:
    """A number before and after; ``name`` is a column's, a day, or a zone's number."""

    name: str
    before: float | None
    after: float | None

    @property
    def by(self) -> float | None:
        """How much it has grown; None where there are no two numbers."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Content:
    """What differs between two versions of a month.

    ``gained`` and ``lost`` are columns that have values only after, or only before; ``sums`` are
    those of measures (money, miles, seconds, counts), rounded to cents; ``others`` are columns
    with other values that have no sum, or the same. ``days`` and ``zones`` are rows by day and
    zone of the pickup, where any row differs. All are empty where nothing differs.
    """

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    sums: tuple[Change, ...]
    others: tuple[str, ...]
    days: tuple[Change, ...]
    zones: tuple[Change, ...]


@dataclass(frozen=True)
class _Told:
    """What a file has in a column: values that are not null, their sum and their digest."""

    count: int
    total: float | None
    digest: int | None


def compare(month: TripMonth, before: Path, after: Path, room: Path) -> Content:
    """Return what differs between two canonical files of the month; may use ``room`` on disk.

    Raises:
        Terminal: a file is no such parquet.
    """
    with _opened(month, before, after, room) as duck:
        schema = service_schema(month.service)
        old, new = (_columns(duck, name, schema) for name in ("before", "after"))
        nothing = _Told(0, None, None)
        told = {name: (old.get(name, nothing), new.get(name, nothing)) for name in {**old, **new}}
        sums = [Change(name, a.total, b.total) for name, (a, b) in told.items()
                if a.total != b.total]  # fmt: skip
        summed = {change.name for change in sums}
        _group(duck, schema, [name for name in old if name in new])
        return Content(
            gained=tuple(name for name, (a, b) in told.items() if not a.count and b.count),
            lost=tuple(name for name, (a, b) in told.items() if a.count and not b.count),
            sums=tuple(sums),
            others=tuple(name for name, (a, b) in told.items()
                         if name not in summed and (a.count, a.digest) != (b.count, b.digest)),
            days=_differing(duck, "day"),
            zones=_differing(duck, "zone") if schema.roles.pickup_zone else (),
        )  # fmt: skip


@contextmanager
def _opened(
    month: TripMonth, before: Path, after: Path, room: Path
) -> Iterator["duckdb.DuckDBPyConnection"]:
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "preserve_insertion_order": False,
        "temp_directory": str(room / "spilled"),
    }
    with duckdb.connect(config=config) as duck:
        # Otherwise it draws one into the output of a command that takes some seconds.
        duck.execute("SET enable_progress_bar = false")
        try:
            for name, path in (("before", before), ("after", after)):
                duck.from_parquet(str(path)).create_view(name)
            yield duck
        except duckdb.Error as error:
            raise Terminal(
                f"the two versions of {month} cannot be compared",
                seen=str(error).partition("\n")[0],
                expected="two canonical files of that month",
                next_step=f"tlc redo {month} --from lake",
            ) from error


def _columns(
    duck: "duckdb.DuckDBPyConnection", name: str, schema: ServiceSchema
) -> dict[str, _Told]:
    """Return what the file has in each of its columns but the month's."""
    names = [
        row[0] for row in duck.execute(f"DESCRIBE {name}").fetchall() if row[0] != "source_month"
    ]
    known = {column.name: column for column in schema.columns}
    parts = [_aggregates(column, known.get(column), schema) for column in names]
    row = duck.execute(f"SELECT {', '.join(parts)} FROM {name}").fetchone()
    assert row is not None
    cells = [row[start : start + 3] for start in range(0, len(row), 3)]
    return {column: _Told(count, _rounded(total), digest)
            for column, (count, total, digest) in zip(names, cells, strict=True)}  # fmt: skip


def _aggregates(name: str, column: Column | None, schema: ServiceSchema) -> str:
    quoted = _quoted(name)
    total = f"FSUM({quoted})" if column and _is_measure(column, schema) else "NULL"
    return f"COUNT({quoted}), {total}, SUM(HASH({quoted}))"


def _is_measure(column: Column, schema: ServiceSchema) -> bool:
    """Return whether a sum of its values means anything, as that of codes and zones does not."""
    zones = (schema.roles.pickup_zone, schema.roles.dropoff_zone)
    is_number = column.kind in ("int64", "float64")
    return is_number and not column.codes and column.name not in zones


def _group(duck: "duckdb.DuckDBPyConnection", schema: ServiceSchema, columns: list[str]) -> None:
    """Leave the rows of both files by day and zone, of which there are some thousand."""
    time, zone = schema.roles.pickup_time, schema.roles.pickup_zone
    duck.execute(
        BY_DAY_AND_ZONE.format(
            day=f"CAST({_quoted(time)} AS DATE)" if time else "NULL",
            zone=_quoted(zone) if zone else "NULL",
            columns=", ".join(map(_quoted, columns)),
        )
    )


def _differing(duck: "duckdb.DuckDBPyConnection", key: str) -> tuple[Change, ...]:
    rows = duck.execute(DIFFERING.format(key=key)).fetchall()
    return tuple(Change(name or "none", before, after) for name, before, after in rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rounded(total: float | None) -> float | None:
    """Return a sum to the cent, None where it is no number."""
    return None if total is None or not math.isfinite(total) else round(total, 2)
