"""What each stage of one large month costs: 20 million fhvhv trips in one row group, 24 columns.

``python tests/bench/bench_stages.py [--rows 20000000] [--rounds 1]``

A stage is a command of its own, beside one sandbox that serves the file and takes it; the memory
of both processes is told, and one above the limit ends the benchmark in failure. DuckDB rewrites
and inserts the same files; it has no like of a download and an upload.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_normalize import MONTH_KEY
from race import PER_MB, Run, measure, median, peak_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
SERVICE = "fhvhv"
STAGES = {
    "download": "DownloadMonth",
    "normalize": "NormalizeMonth",
    "upload": "UploadMonthToGCS",
    "load": "LoadMonthToBQ",
}
MEMORY_MB = 768


@dataclass(frozen=True)
class Cost:
    """A stage's cost: the pipeline's process, the sandbox's peak MB beside it, DuckDB's process."""

    ours: Run
    sandbox_mb: float
    duckdb: Run | None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tlc-bench")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        raw = one_row_group(options.rows, Path(folder))
        rounds = [one_round(raw) for _ in range(options.rounds)]
    costs = {stage: summary([costs[stage] for costs in rounds]) for stage in STAGES}
    table(options.rows, costs)
    refuse_large(costs)


def one_row_group(rows: int, folder: Path) -> Path:
    """Make the month; in a process of its own, whose memory is nobody's."""
    path = folder / f"{SERVICE}_tripdata_{MONTH_KEY}.parquet"
    making = "from pipeline.core.months import TripMonth; from pathlib import Path; import sys; "
    making += "from pipeline.sandbox.publisher.samples import write_sample; "
    making += f"month = TripMonth.parse('{SERVICE}', '{MONTH_KEY}'); "
    making += f"write_sample(month, {rows}, Path(sys.argv[1]), one_row_group=True)"
    subprocess.run([sys.executable, "-c", making, path], check=True)
    return path


def one_round(raw: Path) -> dict[str, Cost]:
    """Bring the month from its publisher to the warehouse, with everything new."""
    with tempfile.TemporaryDirectory(dir=raw.parent) as folder, sandbox(raw, Path(folder)) as pid:
        costs = {}
        for stage, task in STAGES.items():
            forget_peak(pid)
            ours = measure(command(task))
            peak = peak_of(pid) / PER_MB
            costs[stage] = Cost(ours, peak, by_duckdb(stage, raw, Path(folder)))
    return costs


@contextmanager
def sandbox(raw: Path, folder: Path) -> Iterator[int]:
    """Start a sandbox whose publisher serves ``raw``; yield its process id."""
    from pipeline.sandbox import lifecycle

    config, root = folder / "bench.cfg", folder / "data" / "sandbox"
    config.write_text(f"[local]\ndata_dir = {folder}/data\n[sandbox]\nport = 0\n")
    os.environ |= {"LUIGI_CONFIG_PATH": str(config), "TLC_BASE_URL": "sandbox"}
    os.chdir(ROOT)
    (root / "publisher").mkdir(parents=True)
    os.link(raw, root / "publisher" / raw.name)
    subprocess.run([BIN / "tlc", "sandbox", "start"], check=True, stdout=subprocess.DEVNULL)
    try:
        server = lifecycle.find(root)
        assert server is not None
        yield server.pid
    finally:
        lifecycle.stop(root)


def command(task: str) -> list[str | Path]:
    year, month = MONTH_KEY.split("-")
    options = ["--service", SERVICE, "--year", year, "--month", month]
    return [BIN / "luigi", "--module", "pipeline", task, *options]


def by_duckdb(stage: str, raw: Path, folder: Path) -> Run | None:
    """Let DuckDB do the stage's work, where it can."""
    script = [sys.executable, HERE / f"bench_{stage}.py", "--contestant", "duckdb"]
    if stage == "normalize":
        return measure([*script, "--service", SERVICE, "--raw", raw, "--out", folder])
    if stage == "load":
        (canonical,) = (folder / "data" / "canonical").rglob("*.parquet")
        return measure([*script, "--canonical", canonical])
    return None


def forget_peak(pid: int) -> None:
    """Let the process's peak memory be what it holds now; Linux only, elsewhere it is not told."""
    clear = Path(f"/proc/{pid}/clear_refs")
    if clear.exists():
        clear.write_text("5")


def summary(costs: list[Cost]) -> Cost:
    """Return the medians, and the most that the sandbox ever held."""
    beside = [cost.duckdb for cost in costs if cost.duckdb is not None]
    return Cost(
        median([cost.ours for cost in costs]),
        max(cost.sandbox_mb for cost in costs),
        median(beside) if beside else None,
    )


def table(rows: int, costs: Mapping[str, Cost]) -> None:
    print(f"\nEach stage of one month: {rows:,} {SERVICE} trips in one row group\n")
    print(
        "| stage | seconds | rows/s | peak MB | sandbox's peak MB | DuckDB rows/s | its peak MB |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for stage, cost in costs.items():
        beside = " | "
        if cost.duckdb is not None:
            beside = f"{rows / cost.duckdb.seconds:,.0f} | {cost.duckdb.peak_mb:.0f}"
        print(
            f"| {stage} | {cost.ours.seconds:.1f} | {rows / cost.ours.seconds:,.0f} "
            f"| {cost.ours.peak_mb:.0f} | {cost.sandbox_mb:.0f} | {beside} |",
            flush=True,
        )


def refuse_large(costs: Mapping[str, Cost]) -> None:
    large = [
        f"{stage}: {peak:.0f} MB"
        for stage, cost in costs.items()
        for peak in (cost.ours.peak_mb, cost.sandbox_mb)
        if peak > MEMORY_MB
    ]
    if large:
        raise SystemExit(f"above {MEMORY_MB} MB: {', '.join(large)}")


if __name__ == "__main__":
    main()
