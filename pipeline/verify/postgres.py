"""Postgres's partitions, really counted, against its ledger; its tables and indexes as declared.

Belongs here: what one server holds. A partition is found by what it holds, not by its name.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.postgres import engine, explained
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.postgres.definitions import ledger_table, trips_table
from pipeline.postgres.ledger import Load
from pipeline.postgres.tables import held, lacking, quoted
from pipeline.schemas import service_schema
from pipeline.verify.finding import Finding, Meant, is_older, other_version, redo, unbalanced

if TYPE_CHECKING:
    import sqlalchemy as sa

PARTITIONS: Final = """
SELECT inhrelid::regclass::text, pg_get_expr(relpartbound, 0)
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass(%s)
"""
DOUBLED: Final = """
SELECT service, month, count(*) FROM {ledger} WHERE month IS NOT NULL
GROUP BY service, month, loaded_at HAVING count(*) > 1
"""
INDEXES: Final = """
SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = to_regclass(%s) AND indisvalid
"""
"""Of a table with partitions, an index is valid where every partition has its own."""


@dataclass(frozen=True)
class Server:
    """Rows by month, really counted; how often the ledger has a load; what is not as declared.

    ``deviations`` are services, what is seen of their tables, and what is expected.
    """

    counts: Mapping[TripMonth, int]
    doubled: Mapping[TripMonth, int]
    deviations: tuple[tuple[str, str, str], ...]


NOTHING: Final = Server({}, {}, ())


def read(meant: Meant) -> Server:
    """Return what Postgres holds of the months; all partitions are counted by one query.

    Raises:
        Transient, Terminal: the server failed or refused.
    """
    with explained("counting the rows of every month"), engine().begin() as connection:
        services = [service for service in meant.services if _has(connection, service)]
        deviations = [fault for service in services for fault in _deviations(connection, service)]
        doubled = _doubled(connection) if held(connection, ledger_table()) else {}
        return Server(_counted(connection, meant, services), doubled, tuple(deviations))


def disagreements(
    month: TripMonth, load: Load | None, server: Server, others: list[Provenance]
) -> Iterator[Finding]:
    """Yield what is wrong with the month's partition and ledger rows, the gravest first.

    ``load`` is the ledger's row in force; ``others`` are the records of what other stages soundly
    hold of the month.
    """
    for fault in _faults(load, server.counts.get(month), server.doubled.get(month, 1)):
        yield Finding(month, "postgres", *fault, redo(month, "postgres"))
    for other in others if load else ():
        if load and (versions := other_version(load.provenance, other)):
            if is_older(other, load.provenance):
                expected, mend = f"{versions[0]}, as in Postgres", redo(month, "download")
                yield Finding(month, "lake", versions[1], expected, mend)
            else:
                expected = f"{versions[1]}, as elsewhere"
                yield Finding(month, "postgres", versions[0], expected, redo(month, "postgres"))


def sums(month: TripMonth, asked: str) -> dict[str, Any]:
    """Return what is asked of the month's rows, by one query.

    Raises:
        Transient, Terminal: the server failed or refused.
    """
    with explained(f"summing up {month}"), engine().begin() as connection:
        name = quoted(connection, trips_table(service_schema(month.service)))
        told = f"SELECT {asked} FROM {name}".replace("%", "%%")
        found = connection.exec_driver_sql(f"{told} WHERE source_month = %s", (month.first_day,))
        return dict(found.mappings().one())


def deviations(server: Server, loads: Mapping[TripMonth, Load]) -> Iterator[Finding]:
    """Yield each table that is not as declared: loading its smallest month again makes it so."""
    by_size = sorted(loads, key=lambda month: loads[month].provenance.rows_kept or 0)
    for service, seen, expected in server.deviations:
        for month in [month for month in by_size if month.service == service][:1]:
            name = trips_table(service_schema(service)).fullname
            yield Finding(name, "postgres", seen, expected, redo(month, "postgres"))


def _faults(load: Load | None, rows: int | None, times: int) -> Iterator[tuple[str, str]]:
    if load is None:
        if rows is not None:
            yield f"{rows:,} rows, and no row in the ledger", "one ledger row for each load"
        return
    if rows != load.provenance.rows_kept:
        seen = "no partition" if rows is None else f"{rows:,} rows"
        yield seen, f"{load.provenance.rows_kept:,} rows, as its ledger row tells"
    if times > 1:
        yield f"the ledger row of a load {times} times", "once"
    if wrong := unbalanced(load.provenance):
        yield f"{wrong[0]} in the ledger", wrong[1]


def _has(connection: "sa.Connection", service: str) -> bool:
    return bool(held(connection, trips_table(service_schema(service))))


def _deviations(connection: "sa.Connection", service: str) -> Iterator[tuple[str, str, str]]:
    table = trips_table(service_schema(service))
    try:
        if missing := [column.name for column in lacking(connection, table)]:
            yield service, f"no columns {', '.join(missing)}", "all that are declared"
    except Terminal as difference:
        yield service, str(difference).partition(";")[0], "the table as declared"
    name = (quoted(connection, table),)
    found = {str(index) for index in connection.exec_driver_sql(INDEXES, name).scalars()}
    if missing := sorted({str(index.name) for index in table.indexes} - found):
        yield service, f"no index {', '.join(missing)} on all partitions", "one as declared"


def _counted(
    connection: "sa.Connection", meant: Meant, services: list[str]
) -> dict[TripMonth, int]:
    months: list[TripMonth] = []
    counts: list[str] = []
    for service in services:
        name = quoted(connection, trips_table(service_schema(service)))
        for partition, bound in connection.exec_driver_sql(PARTITIONS, (name,)):
            month = _month_of(service, bound)
            if month and month in meant:
                counts.append(f"SELECT {len(months)}, count(*) FROM {partition}")
                months.append(month)
    sql = " UNION ALL ".join(counts).replace("%", "%%")
    found = connection.exec_driver_sql(sql) if sql else ()
    return {months[place]: rows for place, rows in found}


def _month_of(service: str, bound: str) -> TripMonth | None:
    with suppress(BadRequest):
        if told := re.fullmatch(r"FOR VALUES IN \('(\d{4}-\d\d)-01'\)", bound):
            return TripMonth.parse(service, told[1])
    return None


def _doubled(connection: "sa.Connection") -> dict[TripMonth, int]:
    sql = DOUBLED.format(ledger=quoted(connection, ledger_table()))
    return {TripMonth.parse(service, f"{day:%Y-%m}"): times
            for service, day, times in connection.exec_driver_sql(sql)}  # fmt: skip
