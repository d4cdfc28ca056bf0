"""A run, as the history has it.

Belongs here: its columns, and making it of a host's record. Not here: where it is kept.
"""

import hashlib
import json
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from pipeline.deployments.records import AGENT, RunRecord

COLUMNS: Final = (
    ("run_id", "STRING", "the run's own, as in its log and outcomes: the same, however often sent"),
    ("deployment", "STRING", "null where none asked for it, as for a load by hand"),
    ("asked_by", "STRING", "schedule, user or agent; luigi for a load that only the ledger knows"),
    ("task", "STRING", "the task"),
    ("parameters", "STRING", "its parameters, as --name=value"),
    ("host", "STRING", "where it ran"),
    ("started", "TIMESTAMP", "when it started"),
    ("ended", "TIMESTAMP", "when it ended"),
    ("tries", "INT64", "how often it was tried"),
    ("code", "INT64", "exit code"),
    ("result", "STRING", "what the exit code means"),
    ("told", "STRING", "why it was so"),
    ("months_loaded", "INT64", "months that it brought where it was to"),
    ("months_failed", "INT64", "months that failed"),
)


@dataclass(frozen=True)
class Run:
    """One row of the history; see ``COLUMNS``."""

    run_id: str
    deployment: str | None
    asked_by: str
    task: str
    parameters: str
    host: str | None
    started: datetime | None
    ended: datetime
    tries: int | None
    code: int | None
    result: str
    told: str
    months_loaded: int | None
    months_failed: int | None

    @property
    def is_to_postgres(self) -> bool:
        """Whether it loads into Postgres; then its row is kept there."""
        return "Postgres" in self.task or "--to=postgres" in self.parameters.split()


def run_of(record: RunRecord) -> Run:
    """Return the run of which this host has a record."""
    host = socket.gethostname()
    content = json.dumps([host, asdict(record)])
    # What comes before is how Luigi is started; what comes last is how many processes it has.
    words = record.command[record.command.index("pipeline") + 1 :]
    is_agents = record.deployment == AGENT
    return Run(
        run_id=record.run_id or hashlib.sha256(content.encode()).hexdigest()[:32],
        deployment=(record.on_behalf_of or None) if is_agents else record.deployment,
        asked_by="agent" if is_agents else "schedule" if record.is_scheduled else "user",
        task=words[0],
        parameters=" ".join(word for word in words[1:] if not word.startswith("--workers=")),
        host=host,
        started=record.started_at,
        ended=record.ended_at,
        tries=record.tries,
        code=record.code,
        result=record.result,
        told=record.told,
        months_loaded=record.months_loaded,
        months_failed=record.months_failed,
    )
