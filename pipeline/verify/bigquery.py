"""BigQuery's partitions, really counted, against its ledger, and the ledger against the lake.

Belongs here: the months' rows and ledger rows. Not here: tables and views (``tables.py``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pipeline.bigquery.definitions import LEDGER, table_name, table_path
from pipeline.bigquery.ledger import SERVICE, Load
from pipeline.connections.google import explained, select
from pipeline.core.months import TripMonth
from pipeline.lake.bucket import LakeObject
from pipeline.verify.finding import Finding, Meant, difference, redo, unbalanced

COUNTS: Final = """
SELECT '{service}' AS service, source_month AS month, COUNT(*) AS n FROM `{table}`
WHERE source_month BETWEEN @first AND @last GROUP BY source_month
"""
DOUBLED: Final = """
SELECT service, month, job_id, COUNT(*) AS n FROM `{ledger}`
WHERE month BETWEEN @first AND @last GROUP BY service, month, job_id HAVING COUNT(*) > 1
"""


@dataclass(frozen=True)
class Warehouse:
    """Rows by month, really counted; and how often the ledger has a row, where not once."""

    counts: Mapping[TripMonth, int]
    doubled: Mapping[TripMonth, int]


def read(held: frozenset[str], meant: Meant) -> Warehouse:
    """Return what BigQuery holds of the months, by one query of its tables and one of its ledger.

    ``held`` are the names of the tables that are there.

    Raises:
        Transient, Terminal: the service failed or refused.
    """
    services = [service for service in meant.services if table_name(service) in held]
    counts = [COUNTS.format(service=service, table=table_path(table_name(service)))
              for service in services]  # fmt: skip
    doubled = DOUBLED.format(ledger=table_path(LEDGER)) if LEDGER in held else ""
    with explained(SERVICE, "counting the rows of every month"):
        return Warehouse(_asked("UNION ALL".join(counts), meant), _asked(doubled, meant))


def disagreements(
    month: TripMonth, load: Load | None, warehouse: Warehouse, source: LakeObject | None
) -> Iterator[Finding]:
    """Yield what is wrong with the month's partition and ledger rows, the gravest first.

    ``load`` is the ledger's row in force, ``source`` the lake's object, where that is sound.
    """
    for fault in _faults(load, warehouse.counts.get(month, 0), warehouse.doubled.get(month, 1)):
        yield Finding(month, "bigquery", *fault, redo(month, "bigquery"))
    if load and source:
        for fault in _of_source(load, source):
            yield Finding(month, "bigquery", *fault, redo(month, "bigquery"))


def sums(month: TripMonth, asked: str) -> dict[str, Any]:
    """Return what is asked of the month's partition, by one query.

    Raises:
        Transient, Terminal: the service failed or refused.
    """
    sql = f"SELECT {asked} FROM `{table_path(month.table_name)}` WHERE source_month = @month"
    with explained(SERVICE, f"summing up {month}"):
        return next(dict(row) for row in select(sql, month=month.first_day))


def _faults(load: Load | None, rows: int, times: int) -> Iterator[tuple[str, str]]:
    if load is None:
        if rows:
            yield f"{rows:,} rows, and no row in the ledger", "one ledger row for each load"
        return
    if rows != load.provenance.rows_kept:
        yield f"{rows:,} rows", f"{load.provenance.rows_kept:,}, as its ledger row tells"
    if times > 1:
        yield f"the ledger row of a load {times} times", "once"
    if wrong := unbalanced(load.provenance):
        yield f"{wrong[0]} in the ledger", wrong[1]
    if load.loaded_at > (now := datetime.now(UTC)):
        yield f"a ledger row of {load.loaded_at:%Y-%m-%d %H:%M}", f"{now:%Y-%m-%d %H:%M} or before"


def _of_source(load: Load, source: LakeObject) -> Iterator[tuple[str, str]]:
    loaded, stored = load.object_generation, source.generation
    if (load.object_uri, loaded) != (source.uri, stored):
        yield (f"generation {loaded} of {load.object_uri} was loaded",
               f"generation {stored} of {source.uri}, as in the lake")  # fmt: skip
    elif source.provenance and (other := difference(load.provenance, source.provenance)):
        yield f"{other[0]} in the ledger", f"{other[1]}, as in the lake"


def _asked(sql: str, meant: Meant) -> dict[TripMonth, int]:
    """Return the number of each month's row, or of the one that has the highest."""
    if not sql:
        return {}
    found = [dict(row) for row in select(sql, first=meant.first, last=meant.last)]
    return {TripMonth.parse(row["service"], f"{row['month']:%Y-%m}"): int(row["n"])
            for row in sorted(found, key=lambda row: row["n"])}  # fmt: skip
