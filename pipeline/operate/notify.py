"""``tlc notify``: try the ways by which messages leave, and tell of what is overdue.

Belongs here: the commands and what they print. Not here: messages about runs, which a scheduled run
sends itself (``pipeline/deployments``), what is overdue (``pipeline/history``).
"""

import logging
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
import luigi

from pipeline.core.errors import BadRequest, PipelineError, Terminal
from pipeline.core.profile import CONNECTION

if TYPE_CHECKING:
    from pipeline.deployments.message import Message
    from pipeline.deployments.reading import Deployed
    from pipeline.history.run import Run

CARRIERS: Final = ("apprise", "smtp", "webhook")
"""The kinds of connection that carry messages."""
OVERDUE: Final = 10
"""The exit code where something is overdue."""
MOST_RUNS: Final = 10_000


@click.group()
def notify() -> None:
    """Messages about runs: try who hears them, and tell of what has not run.

    \b
    Example: tlc notify test
    """


@notify.command()
@click.argument("name", required=False)
def test(name: str | None) -> None:
    """Send a test message through each connection that carries messages, or one.

    \b
    Example: tlc notify test slack
    """
    from pipeline.deployments.message import Message
    from pipeline.deployments.notify import tell

    told = Message(f"tlc: a test from {socket.gethostname()}",
                   "This way is open: messages about runs come by it.")  # fmt: skip
    names = [name] if name else _carriers()
    if not names:
        raise BadRequest("no connection carries messages",
                         expected="one of kind apprise, smtp or webhook",
                         next_step="tlc connections add --help")  # fmt: skip
    silent = [one for one in names if not tell([one], told, _say)]
    if silent:
        raise Terminal("not every message went through", seen=", ".join(silent),
                       next_step=f"tlc connections test {silent[0]}")  # fmt: skip


@notify.command()
@click.argument("names", nargs=-1)
@click.option("--days", type=click.IntRange(1, 3650), help="Days without a run that are too many.")
def overdue(names: tuple[str, ...], days: int | None) -> None:
    """Tell, and send, which deployments have not run, or brought nothing new; then ends with 10.

    Without a name, those that are installed here and not paused, or have run by schedule anywhere.
    Without --days, one is overdue whose scheduled time has passed for longer than a run may take.

    \b
    Example: tlc notify overdue --days 3
    """
    from pipeline.deployments.notify import tell

    now, is_overdue = datetime.now(UTC), False
    runs = _known_runs()
    for deployed in _judged(names, runs):
        if lines := [*_overdue(deployed, runs, now, days)]:
            is_overdue = True
            for line in lines:
                click.echo(f"{deployed.name}: {line}")
            tell(deployed.deployment.notifications, _message(deployed, lines), _say)
    sys.exit(OVERDUE if is_overdue else 0)


def _say(text: str, level: int) -> None:
    click.echo(text if level == logging.INFO else f"WARNING {text}", err=level != logging.INFO)


def _carriers() -> list[str]:
    """Return the connections of a kind that carries messages, whether or not they can be read."""
    from pipeline.connections.named import names

    config = luigi.configuration.get_config()
    return [name for name in names() if config.get(CONNECTION + name, "kind", "") in CARRIERS]


def _known_runs() -> "list[Run]":
    """Return the runs of every host; raise where they cannot be read: silence would be no proof."""
    from pipeline.history.past import past

    def unknown(error: PipelineError) -> None:
        raise error

    return past(MOST_RUNS, unknown)


def _judged(names: tuple[str, ...], runs: "list[Run]") -> "Iterator[Deployed]":
    from pipeline.deployments.cron import Cron
    from pipeline.deployments.reading import Deployed, all_deployed, read
    from pipeline.deployments.systemd import Systemd

    if names:
        yield from map(read, names)
        return
    held = {**Cron().installed(), **Systemd().installed()}
    ran = {run.deployment for run in runs if run.asked_by == "schedule"}
    for known in all_deployed():
        if isinstance(known, Deployed):
            here = held.get(known.name)
            if not here.is_paused if here else known.name in ran:
                yield known


def _overdue(
    deployed: "Deployed", runs: "list[Run]", now: datetime, days: int | None
) -> Iterator[str]:
    from pipeline.deployments.records import newest_first
    from pipeline.history.overdue import overdue
    from pipeline.history.run import run_of

    # Where the history is not asked, for its sandbox does not run, this host's records are known.
    here = [run_of(record) for record in newest_first(deployed.name) if record.tries]
    written = datetime.fromtimestamp(deployed.file.stat().st_mtime, UTC)
    yield from overdue(deployed, [*runs, *here], written, now, days)


def _message(deployed: "Deployed", lines: list[str]) -> "Message":
    from pipeline.deployments.message import Message, command

    again = f"run it: {command('run', deployed.name)}"
    where = f"see what ran: {command('history')}"
    return Message(f"{deployed.name}: {lines[0]}", "\n".join([*lines, "", again, where]))
