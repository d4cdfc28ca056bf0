"""How contestants are measured: each run a process of its own, in turns, medians and ratios.

Belongs here: running, peak memory, the table. Not here: what the contestants do (``bench_*.py``).
A contestant is a command that does its work and, where setting up is no part of it, prints what the
work ``cost`` as its last line; otherwise the whole process is measured.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

PER_MB = 1e6 if sys.platform == "darwin" else 1e3


@dataclass(frozen=True)
class Run:
    """Seconds of wall time, peak resident memory in MB, seconds of CPU (user and system)."""

    seconds: float
    peak_mb: float
    cpu_seconds: float


def race(
    commands: Mapping[str, Sequence[object]],
    rounds: int,
    fewer: Mapping[str, int] | None = None,
    prepare: Callable[[], object] = lambda: None,
) -> dict[str, Run]:
    """Run the contestants in turns, ``prepare`` before each; return each one's medians.

    ``fewer`` are the rounds of those that do not run in all.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name, command in commands.items():
            if turn < (fewer or {}).get(name, rounds):
                prepare()
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
    if last.startswith("{"):
        return Run(**json.loads(last))
    return Run(seconds, usage.ru_maxrss / PER_MB, usage.ru_utime + usage.ru_stime)


def cost(work: Callable[[], object]) -> Run:
    """Do the work and return its time and CPU, and what this process has held at most so far."""
    start, cpu = time.perf_counter(), cpu_seconds()
    work()
    return Run(time.perf_counter() - start, peak_of(os.getpid()) / PER_MB, cpu_seconds() - cpu)


def tell(run: Run) -> None:
    """Print the run as ``measure`` reads it."""
    print(json.dumps(asdict(run)))


def cpu_seconds() -> float:
    """Return what this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_of(pid: int) -> float:
    """Return a live process's peak memory, in what ``ru_maxrss`` counts.

    Not ``ru_maxrss`` itself, which begins with what the parent held.
    """
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return float(line.split()[1])
    if pid == os.getpid():
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    import psutil

    return float(psutil.Process(pid).memory_info().rss)


def median(runs: Sequence[Run]) -> Run:
    return Run(
        *(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Run))
    )


def head(what: str, base: str) -> None:
    print(f"\n{what}\n")
    print(
        "| rows | by | seconds | rows/s | CPU s | peak MB "
        f"| time, {base} = 1 | memory, {base} = 1 |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|---:|", flush=True)


def rows_of_table(rows: int, medians: Mapping[str, Run], base: str) -> None:
    for name, run in medians.items():
        print(
            f"| {rows:,} | {name} | {run.seconds:.2f} | {rows / run.seconds:,.0f} "
            f"| {run.cpu_seconds:.2f} | {run.peak_mb:.0f} "
            f"| {run.seconds / medians[base].seconds:.2f} "
            f"| {run.peak_mb / medians[base].peak_mb:.2f} |",
            flush=True,
        )
