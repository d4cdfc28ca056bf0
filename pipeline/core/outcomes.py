"""What became of each task about a month: one line of JSON per task that ended, in one file a host.

Belongs here: the line, the file, writing and reading. Not here: when a task says so
(``publication_task.py``), what is made of it.

The tasks of a run may be in several processes, and their log is for people: so each appends its
own line, whoever started it.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from pipeline.core.files import explained
from pipeline.core.settings import data_dir

logger = logging.getLogger(__name__)

Result = Literal["done", "failed", "not published"]

MOST_BYTES: Final = 8_000_000
"""Of the newest outcomes, this much is looked at: some twenty thousand."""


@dataclass(frozen=True)
class Outcome:
    """How a task about a month, or about the zones, ended.

    ``at`` is ISO 8601 in UTC; ``task`` the task's family; ``month`` is ``2021-01``, and empty for
    the zones. ``seconds`` and ``rows`` are None where they are not known. ``told`` is the task's
    last message, or why it failed, in one line; ``link`` leads to what it made, or is empty.
    """

    run_id: str
    at: str
    task: str
    service: str
    month: str
    result: Result
    seconds: float | None = None
    rows: int | None = None
    told: str = ""
    link: str = ""


def runs_dir() -> Path:
    """Return the folder of outcomes, logs, records and locks; it is made where there is none."""
    folder = data_dir() / "runs"
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def file() -> Path:
    """Return the file of outcomes, under a name that no deployment can have."""
    return data_dir() / "runs" / "_outcomes.jsonl"


def note(outcome: Outcome) -> None:
    """Append an outcome; where that cannot be, a line of the log says so, and the work goes on.

    One write, which begins with the end of the line before: one that a full disk cut short spoils
    no other.
    """
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as opened:
            opened.write(f"\n{json.dumps(asdict(outcome))}".encode())
    except OSError as error:
        logger.info("what became of %s %s is not kept: %s", outcome.service, outcome.month,
                       error.strerror)  # fmt: skip


def newest() -> list[Outcome]:
    """Return the newest outcomes on this host, oldest first; a line cut short is passed over."""
    path = file()
    if not path.is_file():
        return []
    with explained(path), path.open("rb") as opened:
        opened.seek(max(0, path.stat().st_size - MOST_BYTES))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return [outcome for line in lines if line and (outcome := _parsed(line))]


def of_run(run_id: str) -> list[Outcome]:
    """Return what became of the tasks of a run, on this host, in the order of their ends."""
    return [outcome for outcome in newest() if outcome.run_id == run_id]


def counted(told: Iterable[Outcome], family: str) -> tuple[int, int]:
    """Return for how many months the task that was asked for is done, and how many failed."""
    months = [one for one in told if one.month]
    done = {(one.service, one.month) for one in months
            if one.task == family and one.result == "done"}  # fmt: skip
    failed = {(one.service, one.month) for one in months if one.result == "failed"}
    return len(done), len(failed - done)


def _parsed(line: str) -> Outcome | None:
    try:
        return Outcome(**json.loads(line))
    except (ValueError, TypeError):
        return None
