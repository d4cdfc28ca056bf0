"""Two months into Postgres through Luigi: one after the other, and with two workers at once.

The months are normalized, so that Luigi has nothing to do but to load them; its own start is part
of the time.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from bench_normalize import MONTH_KEY
from race import race

SECOND_KEY = "2021-02"


def report(service: str, rows: int, rounds: int, prepare: Callable[[], None]) -> float:
    """Print what both ways take, and return their ratio."""
    year, first = MONTH_KEY.split("-")
    months = ["--year", year, "--months", f"{first},{SECOND_KEY.split('-')[1]}"]
    luigi = [Path(sys.executable).parent / "luigi", "--module", "pipeline", "LoadMonths",
             "--to", "postgres", "--service", service, *months, "--local-scheduler"]  # fmt: skip
    commands = {workers: [*luigi, "--workers", workers] for workers in ("1", "2")}
    medians = race(commands, rounds, prepare=prepare)
    print(f"\nTwo months of {rows:,} {service} trips into Postgres, Luigi's start included\n")
    print("| workers | seconds | one after the other = 1 |\n|---:|---:|---:|")
    for workers, run in medians.items():
        ratio = run.seconds / medians["1"].seconds
        print(f"| {workers} | {run.seconds:.2f} | {ratio:.2f} |", flush=True)
    return medians["2"].seconds / medians["1"].seconds
