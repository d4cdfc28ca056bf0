"""The log of a deployment's runs: what we say of a run, and all that its process says.

Belongs here: the file, its rotation, following it. Not here: the lines of the tasks, which
``core/logs.py`` formats.
"""

import json
import logging
import re
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from typing import Final

from pipeline.core.files import explained
from pipeline.core.logs import LineFormatter
from pipeline.deployments.records import log_file

LINE: Final = re.compile(r"[0-9-]{10} [0-9:]{8} (?P<level>[A-Z]+) +\S+ \S+ (?P<text>.*)")
LARGEST: Final = 1_000_000
"""Bytes of a log from which on the next run begins a new one."""
OLD_LOGS: Final = 5
REMEMBERED: Final = 65_536
"""Bytes of a run's newest lines in which its cause is looked for."""


class RunLog:
    """A deployment's log, open; ``echo`` repeats it on standard error as it grows.

    A process may write to ``stream``, the end of the file.
    """

    def __init__(self, name: str, *, echo: bool, may_rotate: bool = True) -> None:
        self.name, self.path, self._echo = name, log_file(name), echo
        with explained(self.path):
            self._handler = RotatingFileHandler(self.path, backupCount=OLD_LOGS, encoding="utf-8")
            if may_rotate and self.path.stat().st_size > LARGEST:
                self._handler.doRollover()
            self.stream = self.path.open("ab")
            self._reader = self.path.open("rb")
        self._handler.setFormatter(LineFormatter())
        self._reader.seek(0, 2)
        self._newest = b""

    def say(self, message: str, level: int = logging.INFO) -> None:
        """Write one line about the run."""
        line = f"{self.name}: {message}"
        self._handler.emit(logging.LogRecord(__name__, level, "", 0, line, None, None))
        self.follow()
        self._newest = b""

    def follow(self) -> None:
        """Read, and repeat where that is asked for, what has been written since."""
        new = self._reader.read()
        self._newest = (self._newest + new)[-REMEMBERED:]
        if self._echo:
            sys.stderr.write(new.decode("utf-8", "replace"))
            sys.stderr.flush()

    def cause(self) -> str:
        """Return the newest error, else warning, else line of what a process has written.

        What was written before :meth:`say` was last called is left out.
        """
        lines = [line for line in self._newest.decode("utf-8", "replace").splitlines() if line]
        told = [_level_and_text(line) for line in lines]
        for wanted in ("ERROR", "WARNING"):
            if found := [text for level, text in told if level == wanted]:
                return found[-1]
        return told[-1][1] if told else ""

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
        self.stream.close()
        self._reader.close()


def _level_and_text(line: str) -> tuple[str, str]:
    """Return a line's level and text, of either form; of any other line no level, and all of it."""
    with suppress(ValueError, KeyError, TypeError):
        told = json.loads(line)
        text, month = told["message"], told["month"]
        return told["level"], text if text.startswith(month) else f"{month}: {text}"
    match = LINE.match(line)
    return (match["level"], match["text"]) if match else ("", line)
