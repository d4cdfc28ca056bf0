"""What normalizing a month costs, beside the same work done by DuckDB and by pandas.

``python tests/bench/bench_normalize.py [--rows 1400000 14000000] [--rounds 3]``

Every run is a process of its own, imports included. Inputs are made once and kept in ``--folder``.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from race import head, race, rows_of_table

MONTH_KEY = "2021-01"
CONTESTANTS = ("pipeline", "pandas", "duckdb")
RULES_IN_SQL = {
    "licence": "upper(trim({}))",
    "flag": "nullif(trim({}), '')",
    "coordinate": "nullif({}, 0)",
}
"""DuckDB does what a month needs; the audit, and counting the rows that repeat, it is spared."""


def main() -> None:
    options = parse_options()
    if options.contestant:
        contest(options.contestant, options.service, options.raw, options.out)
        return
    head("Normalize one month", "duckdb")
    for rows in options.rows:
        raw = sample(options.service, rows, options.folder)
        with tempfile.TemporaryDirectory(dir=options.folder) as out:
            commands = {name: command_of(name, options.service, raw, out) for name in options.by}
            rows_of_table(rows, race(commands, options.rounds), options.by[-1])


def command_of(contestant: str, service: str, raw: Path, out: str) -> list[str | Path]:
    command = [sys.executable, __file__, "--contestant", contestant, "--service", service]
    return [*command, "--raw", raw, "--out", out]


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_400_000, 14_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--service", default="yellow")
    parser.add_argument("--by", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tlc-bench")
    for internal in ("--contestant", "--raw", "--out"):
        parser.add_argument(internal, help=argparse.SUPPRESS)
    return parser.parse_args()


def sample(service: str, rows: int, folder: Path, key: str = MONTH_KEY) -> Path:
    """Return a month of so many rows in the layout of 2021, making it where it is not there.

    In a process of its own: a child's peak memory counts what its parent held as it was born.
    """
    path = folder / f"{service}_{key}_{rows}.parquet"
    making = "from pipeline.core.months import TripMonth; from pathlib import Path; import sys; "
    making += "from pipeline.sandbox.publisher.samples import ensure_sample; "
    making += f"ensure_sample(TripMonth.parse('{service}', '{key}'), {rows}, Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", making, path], check=True)
    return path


def contest(contestant: str, service: str, raw: str, out: str) -> None:
    {"pipeline": by_pipeline, "duckdb": by_duckdb, "pandas": by_pandas}[contestant](
        service, Path(raw), Path(out)
    )


def by_pipeline(service: str, raw: Path, out: Path) -> None:
    import pyarrow.parquet as pq

    from pipeline.core.months import TripMonth
    from pipeline.core.provenance import Provenance
    from pipeline.core.settings import SANDBOX
    from pipeline.normalize.rewrite import rewrite_month
    from pipeline.normalize.target import CanonicalMonthTarget

    size, rows = raw.stat().st_size, pq.read_metadata(raw).num_rows
    source = Provenance(service, MONTH_KEY, SANDBOX, '"etag"', "", size, "0" * 64, rows)
    target = CanonicalMonthTarget(TripMonth.parse(service, MONTH_KEY), out)
    # An earlier round's: a month that is there is not rewritten.
    target.path.unlink(missing_ok=True)
    rewrite_month(source, raw, target)


def by_duckdb(service: str, raw: Path, out: Path) -> None:
    import duckdb

    from pipeline.schemas import service_schema

    types = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR", "datetime": "TIMESTAMP"}
    relation = f"read_parquet('{raw}')"
    described = duckdb.sql(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    published = [name for name, *_ in described]
    casts = [f"DATE '{MONTH_KEY}-01' AS source_month"]
    for column in service_schema(service).columns[1:]:
        name = next((f'"{name}"' for name in published if column.matches(name)), "NULL")
        value = f"CAST({name} AS {types[column.kind]})"
        rule = RULES_IN_SQL[column.rule.name] if column.rule else "{}"
        casts.append(f'{rule.format(value)} AS "{column.name}"')
    select = f"SELECT {', '.join(casts)} FROM {relation}"
    duckdb.sql(f"COPY ({select}) TO '{out}/out.parquet' (FORMAT parquet, COMPRESSION zstd)")


def by_pandas(service: str, raw: Path, out: Path) -> None:
    from datetime import date

    import pandas as pd

    from pipeline.schemas import service_schema

    types = {"int64": "Int64", "float64": "float64", "datetime": "datetime64[us]", "string": "str"}
    published = pd.read_parquet(raw)
    canonical = pd.DataFrame(index=published.index)
    canonical["source_month"] = date.fromisoformat(f"{MONTH_KEY}-01")
    for column in service_schema(service).columns[1:]:
        name = next((name for name in published.columns if column.matches(name)), None)
        values = pd.Series(None, published.index, object) if name is None else published[name]
        canonical[column.name] = values.astype(types[column.kind])
        if column.rule and column.kind == "string":
            canonical[column.name] = (
                canonical[column.name].str.strip().str.upper().replace("", None)
            )
    canonical.to_parquet(out / "out.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main()
