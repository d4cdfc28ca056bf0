"""Which months a run has brought how far, told by its tasks to whoever started it.

Belongs here: the file between the two, one line per task that ended. Not here: what is made of it.

The tasks of a run may be in several processes, and their log is for people: so each appends its
line to the file that the environment names, and nothing where it names none.
"""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "RUN_OUTCOMES"


def note(family: str, subject: object, is_done: bool) -> None:
    """Tell that a task ended. One write: readers see a whole line or none."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{family}\t{subject}\t{is_done:d}\n")


def counted(path: Path, family: str) -> tuple[int, int]:
    """Return for how many months the task that was asked for is done, and how many failed."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    done = {subject for name, subject, is_done in lines if name == family and is_done == "1"}
    failed = {subject for _, subject, is_done in lines if is_done == "0"}
    return len(done), len(failed - done)
