"""What loading a canonical month into Postgres costs, beside the server's own COPY and others.

``python tests/bench/bench_postgres.py [--rows 1400000 14000000] [--fhv-rows 1200000]
[--rounds 5] [--slow-rounds 1] [--contestants server,copy,phases]``

Belongs here: what is measured, how often, and whether the aims are met. Not here: what the
contestants do (``postgres_ours.py``, ``postgres_others.py``), the phases of a load and two months
at once (``postgres_phases.py``, ``postgres_workers.py``), which are run like contestants.

The server is the sandbox's, on its default settings: fsync on, logged tables; each run begins with
an empty schema and a checkpoint. CPU and memory are the client process's. Imports count for memory,
not for time. pandas and dlt's INSERTs take minutes, so they have rounds and a limit of their own.
What others need is in the extra ``bench``, which ``make bench`` installs into ``.venv/bench``: what
is not there is left out, with a line that says so.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import postgres_others
import postgres_ours
import postgres_phases
import postgres_workers
from bench_load import canonical_month
from race import Run, head, race, rows_of_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OTHERS_PYTHON = Path(sys.prefix) / "bench" / "bin" / "python"
PARTS = ("phases", "workers")
SLOW = ("pandas", "dlt_inserts")
MOST_FOR_SLOW = 2_000_000
SCHEMA = "bench"
DATABASE = "nyc_tlc"
CONFIG = f"""
[core]
no_configure_logging = true
[local]
data_dir = {{data_dir}}
[postgres]
schema = {SCHEMA}
"""

Names = list[str]


def main() -> None:
    os.environ.setdefault("TLC_BASE_URL", "sandbox")
    os.chdir(ROOT)
    options = parse_options()
    names = installed(options.contestants)
    aims: list[str] = []
    for service, rows in [("yellow", rows) for rows in options.rows] + [("fhv", options.fhv_rows)]:
        if rows:
            aims += one_month(service, rows, names, options)
    print("\nAims\n", *aims, sep="\n")


def parse_options() -> argparse.Namespace:
    everything = [*postgres_ours.CONTESTANTS, *postgres_others.PACKAGES, *PARTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="*", default=[1_400_000, 14_000_000])
    parser.add_argument("--fhv-rows", type=int, default=1_200_000, help="0 leaves fhv out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, help=f"of {' and '.join(SLOW)}")
    parser.add_argument("--contestants", default=",".join(everything))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tlc-bench")
    options = parser.parse_args()
    options.contestants = options.contestants.split(",")
    if unknown := set(options.contestants) - set(everything):
        parser.error(f"no contestant {unknown}: choose from {','.join(everything)}")
    return options


def installed(names: Names) -> Names:
    """Return the names of those that can run here; say of the others why they are left out."""
    return [name for name in names if is_installed(name, postgres_others.PACKAGES.get(name))]


def is_installed(name: str, package: str | None) -> bool:
    if package is None:
        return True
    asking = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{package}') is None)"
    is_there = subprocess.run([others_python(), "-c", asking], check=False).returncode == 0
    if not is_there:
        print(f"left out: {name}, for want of the package {package} (make bench installs it)")
    return is_there


def others_python() -> Path:
    return OTHERS_PYTHON if OTHERS_PYTHON.exists() else Path(sys.executable)


def one_month(service: str, rows: int, names: Names, options: argparse.Namespace) -> list[str]:
    """Measure a month of so many rows, print the tables, and return how it stands to the aims."""
    canonical = canonical_month(rows, options.folder, service)
    data_dir = options.folder / str(rows)
    postgres_ours.binary_file(canonical)
    racing = [name for name in names
              if name not in PARTS and (name not in SLOW or rows <= MOST_FOR_SLOW)]  # fmt: skip
    aims = []
    with server_of(data_dir) as empty:
        if racing:
            commands = {name: command(name, service, canonical) for name in racing}
            slow = dict.fromkeys(SLOW, options.slow_rounds)
            medians = race(commands, options.rounds, slow, empty)
            base = "server" if "server" in medians else racing[0]
            head(f"Load one canonical month of {service} into Postgres", base)
            rows_of_table(rows, medians, base)
            aims += [f"- {service}, {rows:,} rows: {aim}" for aim in aims_of(medians)]
        if "phases" in names:
            postgres_phases.report(canonical, rows, options.rounds, empty)
        if "workers" in names and rows <= MOST_FOR_SLOW:
            canonical_month(rows, options.folder, service, postgres_workers.SECOND_KEY)
            ratio = postgres_workers.report(service, rows, options.rounds, empty)
            told = f"two months with two workers take {ratio:.2f} of the time one after the other"
            aims.append(f"- {service}, {rows:,} rows: {told}: {met(ratio < 1)}")
    return aims


def command(name: str, service: str, canonical: Path) -> list[object]:
    if name in postgres_others.PACKAGES:
        return [others_python(), HERE / "postgres_others.py", name, canonical]
    return [sys.executable, HERE / "postgres_ours.py", name, canonical]


@contextmanager
def server_of(data_dir: Path) -> Iterator[Callable[[], None]]:
    """Start the sandbox's Postgres of ``data_dir`` and tell all children; yield what empties it."""
    from pipeline.sandbox.postgres import lifecycle
    from pipeline.sandbox.postgres.database import ensure_database

    config, home = data_dir / "bench.cfg", data_dir / "sandbox" / "postgres"
    config.write_text(CONFIG.format(data_dir=data_dir))
    server = lifecycle.ensure_running(home, 0)
    ensure_database(server, DATABASE)
    os.environ |= {
        "LUIGI_CONFIG_PATH": str(config),
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGPASSWORD": server.password_file.read_text(encoding="utf-8"),
        "PGDATABASE": DATABASE,
    }
    try:
        yield empty_schema
        empty_schema()
    finally:
        lifecycle.stop(home)


def empty_schema() -> None:
    """Leave the next run nothing of the last one's, and no dirty pages to be written."""
    import psycopg2

    with closing(psycopg2.connect("")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in (
            f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
            f"CREATE SCHEMA {SCHEMA}",
            "CHECKPOINT",
        ):
            cursor.execute(statement)


def aims_of(medians: Mapping[str, Run]) -> Iterator[str]:
    """Tell of each aim whether it is met, as far as its contestants ran."""
    if {"copy", "server"} <= medians.keys():
        ratio = medians["copy"].seconds / medians["server"].seconds
        yield f"our COPY takes {ratio:.2f} times the server's own, at most 1.2: {met(ratio <= 1.2)}"
    for name in ("copy", "load"):
        if {name, "pandas"} <= medians.keys():
            times = medians["pandas"].seconds / medians[name].seconds
            yield f"{name} is {times:.0f} times as fast as pandas, at least 50: {met(times >= 50)}"
    if ours := medians.keys() & set(postgres_ours.CLIENTS):
        peak = max(medians[name].peak_mb for name in ours)
        yield f"we hold {peak:.0f} MB at most, at most 256: {met(peak <= 256)}"


def met(is_met: bool) -> str:
    return "met" if is_met else "NOT met"


if __name__ == "__main__":
    main()
