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

from pipeline.connections.named import name_used_by, named
from pipeline.connections.postgres import configured, engine, explained
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import TripMonth
from pipeline.core.settings import PROJECT_ROOT, SANDBOX
from pipeline.core.settings import postgres as postgres_settings
from pipeline.operate.output import show

MONTHS: Final = (
    TripMonth("yellow", 2021, 1),
    TripMonth("green", 2021, 1),
    TripMonth("fhvhv", 2026, 6),
)
COLUMNS: Final = ("month", "status", "rows in", "kept", "quarantined", "bytes", "seconds", "where")
NEXT: Final = (
    "TLC_BASE_URL=sandbox tlc status",
    'tlc query "SELECT payment_type, COUNT(*) AS trips FROM yellow_trips GROUP BY 1"',
    "TLC_BASE_URL=sandbox luigi --module pipeline LoadMonthToBQ --year 2024 --month 3",
)


QUESTION: Final = """
SELECT payment_type, count(*) AS trips, round(avg(tip_amount)::numeric, 2) AS mean_tip
FROM yellow_trips WHERE source_month = '2021-01-01' GROUP BY 1 ORDER BY 2 DESC
"""


@click.command()
@click.option("--postgres", is_flag=True, help="One month into the sandbox's PostgreSQL instead.")
def demo(postgres: bool) -> None:
    """Load sample months with the main job and show what came of them.

    \b
    Example: tlc demo --postgres
    """
    if postgres:
        _ask_postgres()
    else:
        _fill_warehouse()


def _ask_postgres() -> None:
    _refuse_real_service("postgres")
    _run(MONTHS[0], "LoadMonthToPostgres")
    question = " ".join(QUESTION.split())
    click.secho(f"{configured()}$ {question}", bold=True)
    with explained("asking"), engine().begin() as connection:
        connection.exec_driver_sql(
            "SELECT set_config('search_path', %s, true)", (str(postgres_settings().schema),)
        )
        answer = connection.exec_driver_sql(question)
        show(tuple(answer.keys()), [tuple(row) for row in answer], "table")
    click.echo(
        "next: TLC_BASE_URL=sandbox tlc status --to postgres, or psql (its address and password: "
        "tlc sandbox status)"
    )


def _fill_warehouse() -> None:
    _refuse_real_service("lake")
    _refuse_real_service("bigquery")
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


def _refuse_real_service(section: str) -> None:
    name = name_used_by(section)
    if named(name).model_dump()["kind"] != SANDBOX:
        raise BadRequest(
            "the demo loads invented trips, into the sandbox only",
            seen=f"[{section}] connection = {name}",
            expected=SANDBOX,
            next_step="PIPELINE_PROFILE=sandbox tlc demo",
        )


def _run(month: TripMonth, task: str = "LoadMonthToBQ") -> float:
    """Run the ``task`` for ``month`` and return its seconds; raise Terminal where it fails."""
    command = ["luigi", "--module", "pipeline", task]
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
