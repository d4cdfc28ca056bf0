"""``tlc demo``: the main job on sample months, and a table of what it did.

Belongs here: the first five minutes. Not here: anything the main job does; it is run exactly as a
user types it, as a command of its own.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import click

from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import TripMonth
from pipeline.core.settings import PROJECT_ROOT, SANDBOX, google
from pipeline.operate.output import show

MONTHS: Final = (
    TripMonth("yellow", 2021, 1),
    TripMonth("green", 2021, 1),
    TripMonth("fhvhv", 2026, 6),
)
COLUMNS: Final = ("month", "status", "rows in", "kept", "quarantined", "bytes", "seconds", "where")
NEXT: Final = (
    "tlc status",
    'tlc query "SELECT payment_type, COUNT(*) AS trips FROM yellow_trips GROUP BY 1"',
    "TLC_BASE_URL=sandbox luigi --module pipeline LoadMonthToBQ --year 2024 --month 3",
)


@click.command()
def demo() -> None:
    """Load sample months with the main job and show what came of them."""
    _refuse_real_services()
    click.echo("sample months, made on this machine; no account, no network\n")
    before = _loaded()
    seconds = {month: _run(month) for month in MONTHS}
    after = _loaded()
    rows = [_row(month, after[month], month in before, seconds[month]) for month in MONTHS]
    show(COLUMNS, rows, "table")
    if all(month in before for month in MONTHS):
        click.echo("everything was already done: nothing was downloaded or loaded again\n")
    click.echo("next (after: . .venv/bin/activate):")
    for command in NEXT:
        click.echo(f"  {command}")


def _refuse_real_services() -> None:
    if google().endpoint != SANDBOX:
        raise BadRequest(
            "the demo loads invented trips, into the sandbox only",
            seen=f"[google] endpoint = {google().endpoint}",
            expected=SANDBOX,
            next_step="PIPELINE_PROFILE=sandbox tlc demo",
        )


def _run(month: TripMonth) -> float:
    """Run the main job for ``month`` and return its seconds; raise Terminal where it fails."""
    command = ["luigi", "--module", "pipeline", "LoadMonthToBQ"]
    if month.service != "yellow":
        command += ["--service", month.service]
    command += ["--year", str(month.year), "--month", str(month.month)]
    click.secho(f"$ {' '.join(command)}", bold=True)
    started = time.monotonic()
    luigi = Path(sys.executable).with_name("luigi")
    environment = {**os.environ, "TLC_BASE_URL": "sandbox"}
    result = subprocess.run([luigi, *command[1:]], env=environment, cwd=PROJECT_ROOT, check=False)
    click.echo()
    if result.returncode:
        raise Terminal(f"the main job failed for {month}", seen=f"exit code {result.returncode}")
    return time.monotonic() - started


def _loaded() -> dict[TripMonth, Any]:
    from pipeline.bigquery import ledger

    ledger.forget()
    found = {month: ledger.find(month) for month in MONTHS}
    return {month: loaded for month, loaded in found.items() if loaded and loaded.is_whole}


def _row(month: TripMonth, loaded: Any, was_done: bool, seconds: float) -> tuple[Any, ...]:
    told = loaded.provenance
    return (
        str(month),
        "already done" if was_done else "loaded",
        told.source_rows,
        told.rows_kept,
        told.rows_quarantined,
        told.source_bytes,
        round(seconds, 1),
        f"{month.table_name}${month.partition_id}",
    )
