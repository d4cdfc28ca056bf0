"""How the pipeline speaks on a terminal and in a log file: one line per event.

Belongs here: the handler and formatter that ``config/logging.cfg`` names. Not here: what is said.
"""

import logging
import re
from typing import Final

from luigi.rpc import RPCError

from pipeline.core.errors import PipelineError

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
    """Formats every event as one line; only a real defect keeps its traceback."""

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
        return masked(super().format(told))


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
