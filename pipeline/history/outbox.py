"""This host's records of runs, on their way into the history.

Belongs here: which are not sent yet, and sending them. Not here: the tables.

The records are files to which lines are added; beside each is how far it has been sent. What cannot
be sent now is sent with the next.
"""

import fcntl
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.files import explained, write_atomically
from pipeline.core.outcomes import file as outcomes_file
from pipeline.core.outcomes import runs_dir
from pipeline.core.settings import SANDBOX
from pipeline.deployments.records import RunRecord
from pipeline.history.bigquery import NoDataset
from pipeline.history.run import Run, run_of

logger = logging.getLogger(__name__)


def send() -> None:
    """Send what waits; what cannot be sent is kept, and one line says why. Safe to repeat."""
    try:
        with _alone():
            for path in _files():
                _try_to_send(path)
    except PipelineError as error:
        logger.info("no history can be sent: %s", error)


def waiting() -> list[Run]:
    """Return the runs of this host that are not sent yet, oldest first."""
    return [run for path in _files() for run in _unsent(path)[0]]


def is_reachable(store: str) -> bool:
    """Return whether it makes sense to ask ``bigquery`` or ``postgres``.

    A sandbox that holds nothing yet is not made only for the history.
    """
    from pipeline.connections.google import bigquery_connection
    from pipeline.connections.postgres import postgres_connection
    from pipeline.sandbox import lifecycle

    connection = bigquery_connection() if store == "bigquery" else postgres_connection()
    if connection.kind != SANDBOX:
        return True
    if store == "bigquery":
        return bool(connection.endpoint) or (lifecycle.sandbox_root() / "warehouse").is_dir()
    return (lifecycle.postgres_home() / "cluster").is_dir()


def _try_to_send(path: Path) -> None:
    try:
        _send(path)
    except NoDataset:
        pass
    except PipelineError as error:
        logger.info("%s is kept here until it can be sent: %s", path.name, error)


def _send(path: Path) -> None:
    from pipeline.history import bigquery, postgres

    runs, size = _unsent(path)
    if not runs:
        return
    for name, store in (("bigquery", bigquery), ("postgres", postgres)):
        its = [run for run in runs if run.is_to_postgres == (name == "postgres")]
        if its and not is_reachable(name):
            return
        if its:
            store.write(its)
    write_atomically(_sent_file(path), str(size).encode())


def _unsent(path: Path) -> tuple[list[Run], int]:
    """Return a file's runs that are not sent, and up to which byte they reach."""
    sent = _sent_file(path)
    with explained(path):
        start = int(sent.read_text(encoding="utf-8")) if sent.is_file() else 0
        content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    lines = content[start:end].decode("utf-8", "replace").splitlines()
    return [*_runs(lines)], end


def _runs(lines: Iterable[str]) -> Iterator[Run]:
    for line in lines:
        try:
            record = RunRecord(**json.loads(line))
        except (ValueError, TypeError):
            continue  # Cut short by a full disk.
        if record.tries:  # Otherwise another run of it was under way.
            yield run_of(record)


def _files() -> list[Path]:
    return sorted({*runs_dir().glob("*.jsonl")} - {outcomes_file()})


def _sent_file(path: Path) -> Path:
    return path.with_suffix(".sent")


@contextmanager
def _alone() -> Iterator[None]:
    path = runs_dir() / "_history.lock"
    with explained(path):
        lock = path.open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
