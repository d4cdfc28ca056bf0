"""The log of a deployment's runs: what we say of a run, and all that its process says.

Belongs here: the file, its rotation, following it. Not here: the lines of the tasks, which
``core/logs.py`` formats.
"""

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from typing import Final

from pipeline.core.files import explained
from pipeline.core.logs import LineFormatter
from pipeline.deployments.records import log_file

FORM: Final = "%(asctime)s %(levelname)-7s %(message)s"
LINE: Final = re.compile(r"[0-9: -]+(?P<level>[A-Z]+) +(?P<text>.*)")
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
        self._handler.setFormatter(LineFormatter(FORM, "%Y-%m-%d %H:%M:%S"))
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
        told = [match for line in lines if (match := LINE.match(line))]
        for level in ("ERROR", "WARNING"):
            if found := [match["text"] for match in told if match["level"] == level]:
                return found[-1]
        return (lines or [""])[-1]

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
        self.stream.close()
        self._reader.close()
