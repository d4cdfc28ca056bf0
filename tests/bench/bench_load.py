"""What loading a canonical month into the sandbox's warehouse costs, beside DuckDB and pandas.

``python tests/bench/bench_load.py [--rows 1400000 14000000] [--rounds 3]``

Ours is the load as the pipeline does it: Google's client, one load job into one partition, the
ledger row; its memory is the sandbox's process, its CPU the client's. DuckDB inserts the same file
into a table of its own and commits; pandas reads the file and hands it to DuckDB. Starting and
uploading do not count.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench_normalize import MONTH_KEY, sample
from race import PER_MB, Run, cost, head, peak_of, race, rows_of_table, tell

CONTESTANTS = ("pipeline", "duckdb", "pandas")


def main() -> None:
    options = parse_options(__doc__)
    if options.contestant:
        contest(options.contestant, options.canonical)
        return
    head("Load one canonical month", "duckdb")
    for rows in options.rows:
        canonical = canonical_month(rows, options.folder)
        commands = {
            name: [sys.executable, __file__, "--contestant", name, "--canonical", canonical]
            for name in CONTESTANTS
        }
        rows_of_table(rows, race(commands, options.rounds), "duckdb")


def parse_options(told: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=told, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_400_000, 14_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tlc-bench")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--canonical", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def canonical_month(rows: int, folder: Path, service: str = "yellow", key: str = MONTH_KEY) -> Path:
    """Return the canonical file of a sample month of so many rows, made where it is missing.

    ``folder/<rows>`` is then as the pipeline's ``data_dir``.
    """
    from pipeline.core.months import TripMonth
    from pipeline.core.provenance import Provenance
    from pipeline.core.settings import SANDBOX
    from pipeline.normalize.rewrite import rewrite_month
    from pipeline.normalize.target import CanonicalMonthTarget

    raw = sample(service, rows, folder, key)
    target = CanonicalMonthTarget(TripMonth.parse(service, key), folder / str(rows))
    if not target.exists():
        size, digest = raw.stat().st_size, f"{rows:064d}"
        source = Provenance(service, key, SANDBOX, '"etag"', "", size, digest, rows)
        rewrite_month(source, raw, target)
    return target.path


def contest(contestant: str, canonical: Path) -> None:
    work = {"pipeline": by_pipeline, "duckdb": by_duckdb, "pandas": by_pandas}[contestant]
    with tempfile.TemporaryDirectory(dir=canonical.parents[4]) as folder:
        tell(work(canonical, Path(folder)))


def by_pipeline(canonical: Path, folder: Path) -> Run:
    import luigi

    from pipeline.bigquery import ledger, load, tables
    from pipeline.bigquery.partition import MonthPartition
    from pipeline.core.months import TripMonth
    from pipeline.core.provenance import Provenance
    from pipeline.lake import bucket
    from pipeline.sandbox import lifecycle

    config = luigi.configuration.get_config()
    config.set("local", "data_dir", str(folder))
    config.set("sandbox", "port", "0")
    config.set("lake", "create_bucket", "true")
    month = TripMonth.parse("yellow", MONTH_KEY)
    provenance = provenance_of(canonical, Provenance)
    source = bucket.publish(month.object_name, canonical, provenance, None, lambda sent: None)

    def work() -> None:
        tables.ensure_tables("yellow")
        ledger.record(load.load_object(MonthPartition(month), source, lambda job: None))

    run = cost(work)
    server = lifecycle.find(lifecycle.sandbox_root())
    assert server is not None
    peak = peak_of(server.pid) / PER_MB
    lifecycle.stop(lifecycle.sandbox_root())
    return replace(run, peak_mb=peak)


def provenance_of(canonical: Path, kind: Any) -> Any:
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(canonical).metadata
    return kind.from_metadata({key.decode(): value.decode() for key, value in metadata.items()
                               if key.startswith(b"tlc_")})  # fmt: skip


def by_duckdb(canonical: Path, folder: Path) -> Run:
    import duckdb

    with duckdb.connect(folder / "warehouse.duckdb") as database:
        database.execute(f"CREATE TABLE trips AS FROM {rows_of(canonical)} LIMIT 0")

        def work() -> None:
            database.execute("BEGIN")
            database.execute("DELETE FROM trips WHERE source_month = DATE '2021-01-01'")
            database.execute(f"INSERT INTO trips FROM {rows_of(canonical)}")
            database.execute("COMMIT")

        return cost(work)


def rows_of(canonical: Path) -> str:
    """Return the file as DuckDB reads it, without columns made from its folders' names."""
    return f"read_parquet('{canonical}', hive_partitioning = false)"


def by_pandas(canonical: Path, folder: Path) -> Run:
    import duckdb
    import pandas as pd

    with duckdb.connect(folder / "warehouse.duckdb") as database:
        database.execute(f"CREATE TABLE trips AS FROM {rows_of(canonical)} LIMIT 0")

        def work() -> None:
            frame = pd.read_parquet(canonical, partitioning=None)
            database.register("frame", frame)
            database.execute("INSERT INTO trips FROM frame")

        return cost(work)


if __name__ == "__main__":
    os.environ.setdefault("TLC_BASE_URL", "sandbox")
    main()
