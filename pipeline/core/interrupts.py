"""How Ctrl-C and SIGTERM end a run of Luigi's: at once, in one line, and its processes with it.

Belongs here: the two signals. Not here: what is rolled back; each stage leaves nothing half-done,
however it ends.

Without this, a run that is told to end leaves the processes of ``--workers 2`` at work, and Ctrl-C
shows where each of them was.
"""

import logging
import os
import signal
import sys
from functools import cache
from types import FrameType, TracebackType

from luigi.cmdline_parser import CmdlineParser

logger = logging.getLogger(__name__)


@cache
def end_when_told() -> None:
    """Have both signals end the run. Does nothing outside Luigi's command line."""
    if CmdlineParser.get_instance() is not None:
        ending = _Ending()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ending.begin)
        sys.excepthook = ending.tell


class _Ending:
    def __init__(self) -> None:
        self._run = os.getpid()
        self._told = signal.SIGINT

    def begin(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._run:
            _end_as_by(number)
        self._told = signal.Signals(number)
        # What Luigi takes for the end, and not for a task that failed: it ends its processes, too.
        raise KeyboardInterrupt

    def tell(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            logger.error("ended by %s; next: run the same command again", self._told.name)
            _end_as_by(self._told)
        sys.__excepthook__(kind, error, trace)


def _end_as_by(number: int) -> None:
    """End this process as the signal would have: who waits for it sees why it ended."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
