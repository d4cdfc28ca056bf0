"""How the pipeline speaks on a terminal and in a log file: one line per event.

Belongs here: the handler and formatter that ``config/logging.cfg`` names. Not here: what is said.
"""

import logging
from typing import Final

from pipeline.core.errors import PipelineError

CHATTER: Final = (
    "Informed scheduler",
    "Running Worker with",
    "Worker %s was stopped",
    "Done scheduling",
    "Done",
    "There are no more tasks",
    "There are %s pending tasks",
    "logging configured",
    "Loaded",
)
"""How Luigi's INFO lines begin that tell nothing about a month."""


class ConsoleHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error and leaves out what Luigi says about itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for Luigi's INFO chatter."""
        if record.levelno <= logging.INFO and str(record.msg).startswith(CHATTER):
            return False
        return bool(super().filter(record))


class LineFormatter(logging.Formatter):
    """Formats an expected error as its one line; only a real defect keeps its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; see the class."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, PipelineError):
            return super().format(record)
        told = logging.makeLogRecord(record.__dict__)
        told.msg, told.args, told.exc_info, told.exc_text = str(error), (), None, None
        return super().format(told)
