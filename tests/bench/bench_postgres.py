"""What loading a canonical month into Postgres costs, beside the server's own COPY and pandas.

``python tests/bench/bench_postgres.py [--rows 1400000 14000000] [--rounds 3]``

The server is the sandbox's, on its default settings: fsync on, logged tables. ``server`` is the
limit: a COPY of a ready binary file, which the server reads itself, into a new table. ``copy`` is
our COPY of the parquet into the same table; ``load`` all that the pipeline does for a month, with
CHECK, indexes, swap and ledger; ``replace`` the same over a month that is there. ``pandas`` is
``to_sql``, in chunks of 100,000 rows, at up to 2 million rows. Memory is the client process's.
"""

import argparse
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_load import canonical_month, parse_options, peak_of, timed
from bench_normalize import MONTH_KEY
from race import PER_MB, head, race, rows_of_table

CONTESTANTS = ("server", "copy", "load", "replace", "pandas")
MOST_FOR_PANDAS = 2_000_000


def main() -> None:
    options = parse_options(__doc__)
    if options.contestant:
        contest(options.contestant, options.canonical, options.folder)
        return
    from pipeline.sandbox.postgres import lifecycle

    head("Load one canonical month into Postgres", "server")
    home = options.folder / "sandbox" / "postgres"
    options.folder.mkdir(parents=True, exist_ok=True)
    lifecycle.ensure_running(home, 0)
    try:
        for rows in options.rows:
            canonical = canonical_month(rows, options.folder)
            binary_file(canonical)
            names = [name for name in CONTESTANTS
                     if name != "pandas" or rows <= MOST_FOR_PANDAS]  # fmt: skip
            rows_of_table(rows, race({name: command(name, canonical, options) for name in names},
                                     options.rounds), "server")  # fmt: skip
    finally:
        lifecycle.stop(home)


def command(contestant: str, canonical: Path, options: argparse.Namespace) -> list[object]:
    words = ["--contestant", contestant, "--canonical", canonical, "--folder", options.folder]
    return [sys.executable, __file__, *words]


def binary_file(canonical: Path) -> Path:
    """Return the month as COPY's binary form, where the server's user may read it."""
    from pipeline.postgres.copy import batches_of, opened
    from pipeline.postgres.encode import encoded

    path = (
        Path(tempfile.gettempdir()) / f"tlc-bench-{os.getuid()}-{canonical.parents[3].name}.pgcopy"
    )
    if not path.exists():
        with opened(canonical) as file, path.open("wb") as binary:
            rows = batches_of(file)
            binary.writelines(encoded(file.schema_arrow, rows, lambda rows, size: None))
        path.chmod(0o644)
    return path


def contest(contestant: str, canonical: Path, folder: Path) -> None:
    import luigi

    config = luigi.configuration.get_config()
    config.set("local", "data_dir", str(folder))
    config.set("postgres", "db", "bench")
    config.set("postgres", "schema", f"b{uuid.uuid4().hex[:12]}")
    from pipeline.connections.postgres import engine
    from pipeline.core import settings

    schema = str(settings.postgres().schema)
    with engine().begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        works = {"server": by_server, "copy": by_copy, "load": by_load, "replace": by_replacement,
                 "pandas": by_pandas}  # fmt: skip
        seconds = works[contestant](canonical, schema)
        print(json.dumps({"seconds": seconds, "peak_mb": peak_of(os.getpid()) / PER_MB}))
    finally:
        with engine().begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


def by_server(canonical: Path, schema: str) -> float:
    return in_one_transaction(
        lambda connection, table: connection.exec_driver_sql(
            f"COPY {table.fullname} FROM '{binary_file(canonical)}' WITH (FORMAT binary)"
        )
    )


def by_copy(canonical: Path, schema: str) -> float:
    from pipeline.postgres.copy import copy_parquet

    return in_one_transaction(
        lambda connection, table: copy_parquet(
            connection, canonical, table, lambda rows, size: None, is_frozen=True
        )
    )


def in_one_transaction(fill: Callable[[Any, Any], object]) -> float:
    """Return the seconds that it takes to make a month's table, fill it and commit."""
    from sqlalchemy.schema import CreateTable

    from pipeline.connections.postgres import engine
    from pipeline.core.months import TripMonth
    from pipeline.postgres.definitions import month_table
    from pipeline.schemas import service_schema

    table = month_table(TripMonth.parse("yellow", MONTH_KEY), service_schema("yellow"))

    def work() -> None:
        with engine().begin() as connection:
            connection.execute(CreateTable(table))
            fill(connection, table)

    return timed(work)


def by_load(canonical: Path, schema: str) -> float:
    from pipeline.core.months import TripMonth
    from pipeline.normalize.target import CanonicalMonthTarget
    from pipeline.postgres.load import load_month

    source = CanonicalMonthTarget(TripMonth.parse("yellow", MONTH_KEY), canonical.parents[3])
    return timed(lambda: load_month(source, lambda rows, size: None, lambda message: None))


def by_replacement(canonical: Path, schema: str) -> float:
    from pipeline.connections.postgres import engine

    by_load(canonical, schema)
    with engine().begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {schema}._loads")
    return by_load(canonical, schema)


def by_pandas(canonical: Path, schema: str) -> float:
    import pandas as pd

    from pipeline.connections.postgres import engine

    def work() -> None:
        frame = pd.read_parquet(canonical, partitioning=None)
        frame.to_sql("trips", engine(), schema=schema, index=False, chunksize=100_000)

    return timed(work)


if __name__ == "__main__":
    os.environ.setdefault("TLC_BASE_URL", "sandbox")
    main()
