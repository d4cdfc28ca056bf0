"""``tlc history``: what ran, and what became of it.

Belongs here: the command and its table. Not here: where that is known from (``pipeline/history``).
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.operate.output import show, show_json, that_fit

if TYPE_CHECKING:
    from pipeline.history.run import Run

COLUMNS: Final = ("ended", "result", "deployment", "task", "parameters", "loaded", "failed",
                  "took", "by", "host", "told")  # fmt: skip
"""In order of weight: a narrow terminal shows the first of them."""


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def history(limit: int, form: str) -> None:
    """Show the newest runs: by schedule, by hand, by agents, on every host.

    \b
    Example: tlc history --limit 50 --format json
    """
    from pipeline.history.past import past

    runs = past(limit, lambda error: click.echo(f"WARNING {error}", err=True))
    if form == "json":
        show_json([asdict(run) for run in runs])
    elif not runs:
        click.echo("nothing has run yet; next: tlc run monthly-bigquery")
    else:
        shown = that_fit(COLUMNS, rows := [_cells(run) for run in runs])
        show(COLUMNS[:shown], [row[:shown] for row in rows], form)


def _cells(run: "Run") -> tuple[Any, ...]:
    """Return a run's row of the table: short enough for a terminal; JSON has it all."""
    return (
        f"{run.ended:%Y-%m-%d %H:%M}",
        run.result if not run.code else f"{run.result} ({run.code})",
        run.deployment,
        run.task,
        run.parameters.replace("--", ""),
        run.months_loaded,
        run.months_failed,
        str(run.ended - run.started).partition(".")[0] if run.started else None,
        run.asked_by,
        run.host,
        run.told or None,
    )
