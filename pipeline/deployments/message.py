"""What a message about a run says: which months became what, and how to run again what failed.

Belongs here: the words, made of the run's record and of what became of its tasks. Not here: whether
anybody is to hear of the run (``policy.py``), sending (``notify.py``).
"""

import os
import shlex
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.core.logs import PASSWORD
from pipeline.core.outcomes import Outcome
from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.invocation import Invocation, carried
from pipeline.deployments.records import RunRecord

PUBLISHER: Final = "TLC_BASE_URL"
"""Said in a deployment's own environment, which a month's command by hand does not have."""
MOST_MONTHS: Final = 20
"""Of each kind, that a message names; more are counted."""
LONGEST: Final = 300
"""Characters of a cause in a message; the log has all of it."""

Changed = Callable[[str, str], str | None]
"""Tells in one line what the newest replacement of a service's month changed; None: it is new."""


class Message(NamedTuple):
    """What is sent."""

    title: str
    body: str


@dataclass
class Month:
    """What became of a month, or of the zones, in a run."""

    name: str
    family: str
    last: Outcome
    result: str = ""
    seconds: float = 0
    change: str | None = None


def months_of(told: Sequence[Outcome], family: str) -> list[Month]:
    """Return what became of each month, by name; ``family`` is the task that the run is for."""
    found: dict[str, Month] = {}
    for one in told:
        name = f"{one.service} {one.month}".strip()
        month = found.setdefault(name, Month(name, family, one))
        month.seconds += one.seconds or 0
        if one.result == "done" and one.task != family:
            continue
        # A later try may bring what an earlier one could not.
        month.result = "loaded" if one.result == "done" else one.result
        month.last = one
    return [month for _, month in sorted(found.items()) if month.result]


def message(
    record: RunRecord, months: Sequence[Month], log: Path | None, changed: Changed
) -> Message:
    """Return the message about a run, or about a task of a deployment that an agent took."""
    loaded = [month for month in months if month.result == "loaded"]
    for month in loaded[:MOST_MONTHS]:
        month.change = changed(month.last.service, month.last.month)
    kinds = {
        "loaded": [month for month in loaded if month.change is None],
        "replaced": [month for month in loaded if month.change is not None],
        "failed": [month for month in months if month.result == "failed"],
        "not published": [month for month in months if month.result == "not published"],
    }
    counts = [f"{len(those)} {kind}" for kind, those in kinds.items() if those]
    title = f"{_name(record)}: {', '.join([record.result, *counts])}"
    lines = [line for kind, those in kinds.items() if those for line in _part(kind, those)]
    return Message(title, "\n".join([*lines, *_ending(record, kinds["failed"], log)]))


def _part(kind: str, months: Sequence[Month]) -> Iterator[str]:
    yield f"{kind} ({len(months)}):"
    for month in months[:MOST_MONTHS]:
        yield from (f"  {line}" for line in _lines(kind, month))
    if (more := len(months) - MOST_MONTHS) > 0:
        yield f"  and {more} more"
    yield ""


def _lines(kind: str, month: Month) -> Iterator[str]:
    if kind == "not published":
        yield month.name
    elif kind == "failed":
        yield f"{month.name} at {month.last.task} after {_took(month.seconds)}:"
        yield f"  {_short(month.last.told)}"
        yield from ([f"  {month.last.link}"] if month.last.link else [])
        yield f"  {_again(month)}"
    else:
        rows = "" if month.last.rows is None else f"{month.last.rows:,} rows in "
        yield f"{month.name}: {rows}{_took(month.seconds)} {month.last.link}".rstrip()
        yield from ([f"  {_short(month.change)}"] if month.change else [])


def _again(month: Month) -> str:
    """Return the command that does what is left of a month."""
    words = ["luigi", "--module", "pipeline", month.family]
    if month.last.month:
        year, number = month.last.month.split("-")
        words += ["--service", month.last.service, "--year", year, "--month", str(int(number))]
    return shlex.join(words)


def _ending(record: RunRecord, failed: Sequence[Month], log: Path | None) -> Iterator[str]:
    took = record.ended_at - record.started_at
    tries = f", tried {record.tries} times" if record.tries > 1 else ""
    yield f"run {record.run_id} on {socket.gethostname()}, {record.started}"
    seconds = _took(took / timedelta(seconds=1))
    yield f"{record.result} (exit code {record.code}{tries}) after {seconds}"
    if record.told and not failed:
        yield f"  {_short(record.told)}"
    yield from ([f"log: {log}"] if log else [])
    if record.code:
        how = "trigger" if record.on_behalf_of else "run"
        yield f"run again: {command(how, _name(record))}"
        yield from ([f"a month of it, in {PROJECT_ROOT}: {_place()}"] if failed else [])


def _name(record: RunRecord) -> str:
    """Return the deployment's name, also where an agent took its task."""
    return record.on_behalf_of or record.deployment


def command(*words: str) -> str:
    """Return the words of a ``tlc`` command as a line for any shell: where, with which settings."""
    invocation = Invocation("")
    settings = [f"{name}={shlex.quote(value)}" for name, value in carried().items()]
    program = shlex.join([str(invocation.program), *words])
    return " ".join([f"cd {shlex.quote(str(invocation.root))} &&", *settings, program])


def _place() -> str:
    settings = [f"export {name}={shlex.quote(value)}" for name, value in _chosen().items()]
    return " && ".join([". .venv/bin/activate", *settings])


def _chosen() -> dict[str, str]:
    """Return the variables that lead a month's own command to where the run's led."""
    publisher = os.environ.get(PUBLISHER, "")
    is_told = bool(publisher) and not PASSWORD.search(publisher)
    return carried() | ({PUBLISHER: publisher} if is_told else {})


def _took(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds))) if seconds >= 60 else f"{seconds:.1f} s"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
