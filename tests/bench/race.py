"""How contestants are measured: each run a process of its own, in turns, medians and ratios.

Belongs here: running, peak memory, the table. Not here: what the contestants do (``bench_*.py``).
A contestant is a command that does its work and, where setting up is no part of it, prints
``{"seconds": ..., "peak_mb": ...}`` as its last line; otherwise the whole process is measured.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PER_MB = 1e6 if sys.platform == "darwin" else 1e3


@dataclass(frozen=True)
class Run:
    """Seconds of wall time, and peak resident memory in MB."""

    seconds: float
    peak_mb: float


def race(commands: Mapping[str, Sequence[object]], rounds: int) -> dict[str, Run]:
    """Run the contestants in turns and return each one's medians."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return {name: median(each) for name, each in runs.items()}


def measure(command: Sequence[object]) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed")
    last = printed.splitlines()[-1] if printed else ""
    return (
        Run(**json.loads(last)) if last.startswith("{") else Run(seconds, usage.ru_maxrss / PER_MB)
    )


def median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.peak_mb for run in runs),
    )


def head(what: str, base: str) -> None:
    print(f"\n{what}\n")
    print(f"| rows | by | seconds | rows/s | peak MB | time, {base} = 1 | memory, {base} = 1 |")
    print("|---:|---|---:|---:|---:|---:|---:|", flush=True)


def rows_of_table(rows: int, medians: Mapping[str, Run], base: str) -> None:
    for name, run in medians.items():
        print(
            f"| {rows:,} | {name} | {run.seconds:.2f} | {rows / run.seconds:,.0f} "
            f"| {run.peak_mb:.0f} | {run.seconds / medians[base].seconds:.2f} "
            f"| {run.peak_mb / medians[base].peak_mb:.2f} |",
            flush=True,
        )
