"""The server's own COPY, and ours: what ``bench_postgres.py`` measures of the pipeline.

``python postgres_ours.py <contestant> <canonical>``, with an empty schema, as the settings say.
A contestant sets up and imports what it needs, and returns the work that is measured.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from race import cost, tell

if TYPE_CHECKING:
    from pipeline.normalize.target import CanonicalMonthTarget

Work = Callable[[], object]


def binary_file(canonical: Path) -> Path:
    """Return the month in COPY's binary form, where the server may read it."""
    from pipeline.postgres.copy import batches_of, opened
    from pipeline.postgres.encode import encoded

    path = canonical.with_suffix(".pgcopy")
    part = path.with_suffix(".part")
    if not path.exists():
        with opened(canonical) as file, part.open("wb") as binary:
            binary.writelines(encoded(file.schema_arrow, batches_of(file), lambda *sent: None))
        part.chmod(0o644)
        part.rename(path)
    return path


def server(source: "CanonicalMonthTarget", *, options: str = "FORMAT binary") -> Work:
    """The limit: the server reads a ready file into a plain table."""
    binary = binary_file(source.path)
    return in_one_transaction(
        source,
        lambda connection, table: connection.exec_driver_sql(
            f"COPY {table.fullname} FROM '{binary}' WITH ({options})"
        ),
    )


def server_freeze(source: "CanonicalMonthTarget") -> Work:
    """The limit with FREEZE, which our COPY has, too."""
    return server(source, options="FORMAT binary, FREEZE")


def copy(source: "CanonicalMonthTarget", *, is_checked: bool = False) -> Work:
    """Our COPY of the parquet into a plain table."""
    from pipeline.postgres.copy import copy_parquet

    import_clients()
    return in_one_transaction(
        source,
        lambda connection, table: copy_parquet(
            connection, source.path, table, lambda *sent: None, is_frozen=True
        ),
        is_checked=is_checked,
    )


def check(source: "CanonicalMonthTarget") -> Work:
    """Our COPY into a table with the CHECK that a partition-to-be needs."""
    return copy(source, is_checked=True)


def load(source: "CanonicalMonthTarget") -> Work:
    """All that the pipeline does for a month: COPY, CHECK, indexes, swap and ledger."""
    from pipeline.postgres.load import load_month

    import_clients()
    return lambda: load_month(source, lambda *sent: None, lambda message: None)


def replace(source: "CanonicalMonthTarget") -> Work:
    """The same over a month that is there, which the ledger has forgotten."""
    from pipeline.connections.postgres import engine
    from pipeline.postgres.definitions import ledger_table

    work = load(source)
    work()
    with engine().begin() as connection:
        connection.execute(ledger_table().delete())
    return work


CLIENTS = {each.__name__: each for each in (copy, check, load, replace)}
CONTESTANTS = {"server": server, "server_freeze": server_freeze, **CLIENTS}


def in_one_transaction(
    source: "CanonicalMonthTarget", fill: Callable[[Any, Any], object], *, is_checked: bool = False
) -> Work:
    """Return the work of making a month's table, without its indexes, filling it and committing."""
    from sqlalchemy import CheckConstraint
    from sqlalchemy.schema import CreateTable

    from pipeline.connections.postgres import engine
    from pipeline.postgres.definitions import month_table
    from pipeline.schemas import service_schema

    table = month_table(source.month, service_schema(source.month.service))
    if not is_checked:
        table.constraints = {
            each for each in table.constraints if not isinstance(each, CheckConstraint)
        }

    def work() -> None:
        with engine().begin() as connection:
            connection.execute(CreateTable(table))
            fill(connection, table)

    return work


def import_clients() -> None:
    for name in ("pgpq", "pyarrow.parquet"):
        import_module(name)


def source_of(canonical: Path) -> "CanonicalMonthTarget":
    """Return the month at ``canonical``, with a first connection made, and imported for."""
    from pipeline.connections.postgres import engine
    from pipeline.core import settings
    from pipeline.core.months import TripMonth
    from pipeline.normalize.target import CanonicalMonthTarget

    engine().connect().close()
    service, key = canonical.stem.split("_tripdata_")
    return CanonicalMonthTarget(TripMonth.parse(service, key), settings.data_dir())


if __name__ == "__main__":
    contestant, path = sys.argv[1:]
    tell(cost(CONTESTANTS[contestant](source_of(Path(path)))))
