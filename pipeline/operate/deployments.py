"""``tlc deployments`` and ``tlc run``: what runs when, and now.

Belongs here: the commands and what they print. Not here: what they do (``pipeline/deployments``).
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.core.errors import BadRequest
from pipeline.operate.output import show, that_fit

if TYPE_CHECKING:
    from pipeline.deployments.cron import Cron
    from pipeline.deployments.reading import Deployed
    from pipeline.deployments.systemd import Systemd

FAILED: Final = 30
COLUMNS: Final = (
    "name",
    "schedule",
    "installed",
    "last run",
    "last result",
    "next run",
    "drift",
    "version",
    "task",
)
"""In order of weight: a narrow terminal shows the first of them."""
PARAMETERS = click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="KEY=VALUE", help="Of the task."
)


@click.group()
def deployments() -> None:
    """What runs when: config/deployments/*.yaml, handed to cron or systemd.

    \b
    Example: tlc deployments apply monthly-bigquery --to cron
    """


@deployments.command()
@click.argument("name")
@click.option("--task", required=True, help="A task of the pipeline, e.g. LoadPublished.")
@PARAMETERS
@click.option("--cron", default="0 6 * * *", show_default=True, help="When: five fields.")
@click.option("--timezone", default="UTC", show_default=True, help="In which time zone.")
@click.option("--queue", default="default", show_default=True, help="For which agents.")
def build(name: str, task: str, parameters: tuple[str, ...], queue: str, **schedule: str) -> None:
    """Write a new deployment's file, with every key at its default.

    \b
    Example: tlc deployments build yearly --task LoadRange -p start=2023-01 -p stop=2023-12
    """
    from pipeline.deployments.build import build

    path = build(name, task, pairs(parameters), queue, schedule)
    click.echo(f"{path} is written; next: tlc deployments check {name}")


@deployments.command()
@click.argument("name", required=False)
def check(name: str | None) -> None:
    """Judge a deployment's file, or all, and say what it would do.

    \b
    Example: tlc deployments check monthly-bigquery
    """
    wrong = 0
    for deployed in _named((name,) if name else ()):
        try:
            click.echo(_told(deployed))
        except BadRequest as error:
            wrong += 1
            click.echo(f"ERROR {error}", err=True)
    sys.exit(FAILED if wrong else 0)


@deployments.command()
@click.argument("names", nargs=-1)
@click.option("--to", type=click.Choice(("cron", "systemd")), required=True, help="Who starts it.")
@click.option("--print", "is_printed", is_flag=True, help="Show what it would write, only.")
def apply(names: tuple[str, ...], to: str, is_printed: bool) -> None:
    """Install deployments, or all; one that is named goes on where it was paused.

    \b
    Example: tlc deployments apply monthly-bigquery --to systemd --print
    """
    from pipeline.deployments.command import judge
    from pipeline.deployments.notifications import judge_notifications

    scheduler, other = _schedulers() if to == "cron" else reversed(_schedulers())
    chosen = [_sound(deployed) for deployed in _named(names)]
    for deployed in chosen:
        judge(deployed.name, deployed.deployment.task, deployed.deployment.parameters)
        judge_notifications(deployed)
    if is_printed:
        click.echo("\n".join(map(scheduler.preview, chosen)), nl=False)
        return
    elsewhere, here = other.installed(), scheduler.installed()
    for deployed in chosen:
        if deployed.name in elsewhere:
            raise BadRequest(f"{deployed.name} is in {other.kind} already",
                             next_step=f"tlc deployments remove {deployed.name}")  # fmt: skip
    for deployed in chosen:
        held = here.get(deployed.name)
        is_paused = held is not None and held.is_paused and not names
        changed = scheduler.apply(deployed, is_paused=is_paused)
        state = "is paused" if is_paused else "is installed" if changed else "was installed already"
        click.echo(f"{deployed.name} {state} ({scheduler.kind}, version {deployed.version})")


@deployments.command("list")
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def list_(form: str) -> None:
    """Show every deployment: its version, drift, last run and next run.

    \b
    Example: tlc deployments list --format json
    """
    from pipeline.deployments.reading import all_deployed

    found = [*all_deployed()]
    sound = [deployed for deployed in found if not isinstance(deployed, BadRequest)]
    held = {name: (scheduler.kind, installed) for scheduler in _schedulers()
            for name, installed in scheduler.installed().items()}  # fmt: skip
    rows = [_row(deployed.name, deployed, held.pop(deployed.name, None)) for deployed in sound]
    rows += [_row(name, None, kept) for name, kept in sorted(held.items())]
    fitting = that_fit(COLUMNS, rows) if form == "table" else len(COLUMNS)
    show(COLUMNS[:fitting], [row[:fitting] for row in rows], form)
    for error in found:
        if isinstance(error, BadRequest):
            click.echo(f"ERROR {error}", err=True)


@deployments.command()
@click.argument("name")
def pause(name: str) -> None:
    """Stop starting a deployment; it stays installed, and apply NAME lets it go on.

    \b
    Example: tlc deployments pause monthly-bigquery
    """
    paused = [scheduler.kind for scheduler in _holding(name) if scheduler.pause(name)]
    click.echo(f"{name} is paused ({paused[0]})" if paused else f"{name} was paused already")


@deployments.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a deployment out of cron or systemd; its file stays, and a run under way.

    \b
    Example: tlc deployments remove monthly-bigquery
    """
    from pipeline.deployments.reading import file_of

    for scheduler in _holding(name):
        scheduler.remove(name)
        click.echo(f"{name} is removed from {scheduler.kind}; {file_of(name)} stays")


@click.command()
@click.argument("name")
@PARAMETERS
@click.option("--scheduled", is_flag=True, help="As cron: quiet, and 0 where nobody need know.")
@click.option("--if-due", is_flag=True, help="Only within ten minutes after a scheduled time.")
def run(name: str, parameters: tuple[str, ...], scheduled: bool, if_due: bool) -> None:
    """Run a deployment now, with its time-out and tries; ends with its exit code.

    \b
    Example: tlc run monthly-bigquery -p since=2024-01
    """
    from pipeline.deployments.reading import read
    from pipeline.deployments.run import run
    from pipeline.history.outbox import send

    deployed = read(name)
    if if_due and not deployed.deployment.schedule.is_due(datetime.now(UTC)):
        return
    # What is sent and kept of the run is sent and kept with the settings that it has.
    os.environ.update(deployed.deployment.environment)
    code = run(deployed, pairs(parameters), is_scheduled=scheduled)
    send()
    sys.exit(code)


def pairs(parameters: tuple[str, ...]) -> dict[str, str]:
    """Return what ``-p KEY=VALUE`` gave; raise BadRequest where it is no such pair."""
    found = [parameter.partition("=") for parameter in parameters]
    for name, sign, value in found:
        if not (name and sign):
            raise BadRequest("bad parameter", seen=repr(name + value), expected="KEY=VALUE")
    return {name: value for name, _, value in found}


def _named(names: tuple[str, ...]) -> "Iterable[Deployed | BadRequest]":
    from pipeline.deployments.reading import all_deployed, folder, read

    found = [read(name) for name in names] if names else [*all_deployed()]
    if not found:
        raise BadRequest("there are no deployments", seen=f"no *.yaml in {folder()}",
                         next_step="tlc deployments build NAME --task TASK")  # fmt: skip
    return found


def _sound(deployed: "Deployed | BadRequest") -> "Deployed":
    if isinstance(deployed, BadRequest):
        raise deployed
    return deployed


def _schedulers() -> "tuple[Cron, Systemd]":
    from pipeline.deployments.cron import Cron
    from pipeline.deployments.systemd import Systemd

    return Cron(), Systemd()


def _holding(name: str) -> "list[Cron | Systemd]":
    """Return who has the deployment; raise BadRequest where nobody does."""
    from pipeline.deployments.reading import file_of

    file_of(name)
    holding = [scheduler for scheduler in _schedulers() if name in scheduler.installed()]
    if not holding:
        raise BadRequest(f"{name} is not installed", next_step="tlc deployments list")
    return holding


def _told(deployed: "Deployed | BadRequest") -> str:
    """Return what a deployment would do; raise BadRequest for one that could not."""
    from pipeline.deployments.command import luigi_command
    from pipeline.deployments.deployment import as_text
    from pipeline.deployments.notifications import judge_notifications

    sound = _sound(deployed)
    what = sound.deployment
    judge_notifications(sound)
    command = subprocess.list2cmdline(luigi_command(sound, {})[2:])
    lines = [
        f"{sound.name}, version {sound.version}: {command}",
        f"  when   {what.schedule.explained()} ({what.schedule.timezone}), next "
        f"{what.schedule.after(datetime.now(UTC)):%Y-%m-%d %H:%M %Z}",
        f"  within {as_text(what.timeout)} a try, at most {what.retries + 1} of them; "
        f"not published yet is news after {as_text(what.late_after)}",
    ]
    if what.environment:
        lines.append(f"  with   {', '.join(sorted(what.environment))} in its environment")
    if what.notifications:
        lines.append(f"  tells  {', '.join(what.notifications)}, where a scheduled run has news")
    return "\n".join(lines)


def _row(name: str, deployed: "Deployed | None", held: Any) -> tuple[Any, ...]:
    """Return a deployment's row; ``held`` is who holds it, and what; either may be missing."""
    from pipeline.deployments.records import newest_first

    last = next(iter(newest_first(name)), None)
    kind, installed = held or (None, None)
    schedule = deployed and deployed.deployment.schedule
    state = f"{kind}, paused" if installed and installed.is_paused else kind
    next_run = None
    if schedule and installed and not installed.is_paused:
        next_run = f"{schedule.after(datetime.now(UTC)):%Y-%m-%d %H:%M %Z}"
    return (
        name,
        f"{schedule.cron} {schedule.timezone}" if schedule else None,
        state,
        f"{last.started_at:%Y-%m-%d %H:%M %Z}" if last else None,
        f"{last.result} ({last.code})" if last else None,
        next_run,
        _drift(deployed, installed),
        deployed.version if deployed else None,
        deployed.deployment.task if deployed else None,
    )


def _drift(deployed: "Deployed | None", installed: Any) -> str | None:
    if installed is None:
        return None
    if deployed is None:
        return f"no file; {installed.version} is installed"
    is_same = installed.version == deployed.version
    return "none" if is_same else f"{installed.version} is installed"
