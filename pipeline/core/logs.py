"""How the pipeline speaks on a terminal and in a log file: one line per event.

Belongs here: the handler and formatter that ``config/logging.cfg`` names, and which task a line is
about. Not here: what is said.

A line of text is time, level, run id, task and message, which begins with the month; what a line
is about none of, it has a ``-`` for.
"""

import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from luigi.rpc import RPCError

from pipeline.core.errors import PipelineError
from pipeline.core.run_id import VARIABLE
from pipeline.core.settings import log_format

CHATTER: Final = (
    "Informed scheduler",
    "Running Worker with",
    "Worker Worker(",
    "Done scheduling",
    "There are no more tasks",
    "There are %s pending tasks",
    "Data for %s does not exist",
    "[pid %s] Worker %s done",
    "logging ",
    "Retrying attempt",
    "Loaded",
    "Did not schedule %s",
)
"""How Luigi's lines begin that tell nothing about a month, or what a line of ours has told."""

EXPECTED: Final = (PipelineError, RPCError)
"""Errors whose text tells all: our own, and that luigid does not answer any more."""

PASSWORD: Final = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
"""In an address, such as Luigi's errors quote luigid's."""

TEXT: Final = "%(asctime)s %(levelname)-7s %(run_id)s %(task)s %(message)s"
TIME: Final = "%Y-%m-%d %H:%M:%S"
NOTHING: Final = "-"

TRACEBACK: Final = "Traceback (most recent call last):"
WORKER: Final = "[pid %s] Worker %s "
SUMMARY: Final = "===== Luigi Execution Summary ====="


class ConsoleHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error and leaves out what Luigi says about itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for Luigi's chatter."""
        is_chatter = record.levelno <= logging.WARNING and str(record.msg).startswith(CHATTER)
        return not is_chatter and bool(super().filter(record))


class LineFormatter(logging.Formatter):
    """Formats every event as one line of text or of JSON, as ``[log] format`` says.

    Each has the run's id, and the task and month that this process is at work on. In a line of
    text only a real defect keeps its traceback, on lines of its own.
    """

    def __init__(self, *of_file: object) -> None:
        # What a file of Luigi's form says of the format is for formatters that need telling.
        super().__init__(TEXT, TIME)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; see the class."""
        told = logging.makeLogRecord(record.__dict__)
        error = record.exc_info[1] if record.exc_info else None
        if error is None or isinstance(error, EXPECTED):
            # Luigi also asks for the traceback where nothing was raised.
            told.exc_info = told.exc_text = None
        if isinstance(error, EXPECTED):
            told.msg, told.args = str(error), ()
        elif record.name == "luigi-interface":
            _shorten(told)
        told.run_id = getattr(record, "run_id", None) or os.environ.get(VARIABLE, NOTHING)
        told.task, told.month = _at_work
        return self._as_json(told) if log_format() == "json" else self._as_text(told)

    def _as_text(self, told: logging.LogRecord) -> str:
        month, message = getattr(told, "month", ""), told.getMessage()
        told.msg, told.args = masked(message), ()
        if month and not message.startswith(month):
            told.msg = f"{month}: {told.msg}"
        return masked(super().format(told))

    def _as_json(self, told: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(told.created, UTC).isoformat(timespec="milliseconds"),
            "level": told.levelname,
            **{name: getattr(told, name) for name in ("run_id", "task", "month")},
            "message": masked(told.getMessage()),
        }
        if told.exc_info:
            line["exception"] = masked(self.formatException(told.exc_info))
        return json.dumps(line)


_at_work: tuple[str, str] = (NOTHING, "")
"""The task that this process runs, and its month. A process runs one at a time, and the threads
that a task starts are at work on it, too: they would not see a variable of its context."""


@contextmanager
def at_work(task: Any) -> Iterator[None]:
    """Have every line that this process logs meanwhile be about the task; one within another."""
    global _at_work
    before = _at_work
    _at_work = task.task_family, getattr(task, "about", "")
    try:
        yield
    finally:
        _at_work = before


class AtWork:
    """Luigi's hook around the running of a task (``[worker] task_process_context``)."""

    def __init__(self, process: Any) -> None:
        self._context = at_work(process.task)

    def __enter__(self) -> None:
        """Begin."""
        self._context.__enter__()

    def __exit__(self, *told: Any) -> None:
        """End."""
        self._context.__exit__(*told)


def masked(text: str) -> str:
    """Return a text without the password of an address in it."""
    return PASSWORD.sub(r"\1@", text)


def _shorten(record: logging.LogRecord) -> None:
    """Leave out of Luigi's line what is the same in every line."""
    text = str(record.msg)
    if text.startswith(WORKER) and isinstance(record.args, tuple):
        record.msg, record.args = text.removeprefix(WORKER), record.args[2:]
    elif SUMMARY in text:
        record.msg = _counts(text)
    elif TRACEBACK in text:
        # Luigi quotes what complete() raised as text; of an expected error the last line tells all.
        kind, _, told = text.rstrip().splitlines()[-1].partition(": ")
        if kind.startswith("pipeline."):
            record.msg, record.levelno, record.levelname = told, logging.ERROR, "ERROR"


def _counts(summary: str) -> str:
    """Return Luigi's summary as one line: how many tasks ended how, and what it makes of it."""
    lines = [line.strip() for line in summary.splitlines()]
    counts = [line.removeprefix("* ").rstrip(":") for line in lines if line.startswith("* ")]
    verdict = next(line for line in lines if line.startswith("This progress"))
    return "; ".join([*counts, verdict])
