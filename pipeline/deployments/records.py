"""What is kept of each run of a deployment: one line of JSON, and a log.

Belongs here: the record, where it is and reading it back. Not here: what a code means
(``policy.py``).
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pipeline.core.files import explained
from pipeline.core.outcomes import runs_dir

AGENT: Final = "_agent"
"""In place of a deployment's name, which it cannot be: a task that an agent took."""

MOST_BYTES: Final = 1_000_000
"""Of the newest records, this much is looked at."""


@dataclass(frozen=True)
class RunRecord:
    """One run: times are ISO 8601 in UTC; ``code`` is the exit code, ``told`` why it was so.

    ``run_id`` is that of its outcomes and lines of log; records of older versions have none.
    ``on_behalf_of`` is the deployment whose task an agent took.
    """

    deployment: str
    version: str
    command: list[str]
    is_scheduled: bool
    started: str
    ended: str
    tries: int
    code: int
    result: str
    told: str
    months_loaded: int | None = None
    months_failed: int | None = None
    run_id: str = ""
    on_behalf_of: str = ""

    @property
    def started_at(self) -> datetime:
        """When the run started."""
        return datetime.fromisoformat(self.started)

    @property
    def ended_at(self) -> datetime:
        """When it ended."""
        return datetime.fromisoformat(self.ended)


def log_file(name: str) -> Path:
    """Return a deployment's log; older ones are beside it, with a number."""
    return runs_dir() / f"{name}.log"


def append(record: RunRecord) -> None:
    """Add a run. One write: readers see a whole line or none."""
    line = json.dumps(asdict(record)) + "\n"
    path = _file(record.deployment)
    with explained(path), path.open("a", encoding="utf-8") as file:
        file.write(line)


def newest_first(name: str) -> list[RunRecord]:
    """Return the newest runs of a deployment; a line that a full disk cut short is left out."""
    path = _file(name)
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MOST_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return [record for line in reversed(lines) if (record := parsed(line))]


def parsed(line: str) -> RunRecord | None:
    """Return the record that a line is; None where it is none, or was cut short."""
    try:
        return RunRecord(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _file(name: str) -> Path:
    return runs_dir() / f"{name}.jsonl"
