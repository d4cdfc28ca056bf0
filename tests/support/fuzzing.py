"""Runs ``support.fuzzed_months`` over many cases, a new process where one died, and tells of each.

Belongs here: the processes and what their lines say. Not here: what a case is.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.sandbox import RunningSandbox

TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Survey:
    """What became of the cases: how many were loaded and refused, and what broke its promise.

    ``slowest`` and ``largest`` are the most seconds and MB that a case took, and which one did.
    """

    loaded: int = 0
    refused: int = 0
    slowest: tuple[float, str] = (0.0, "none")
    largest: tuple[float, str] = (0.0, "none")
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.loaded} loaded, {self.refused} refused, {len(self.broken)} broken"
        slowest, largest = ("{} (case {})".format(*most) for most in (self.slowest, self.largest))
        return f"{counts}; at most {slowest} seconds and {largest} MB"

    @property
    def finished(self) -> int:
        """How many cases have ended, one way or another."""
        return self.loaded + self.refused + len(self.broken)


def survey(numbers: Sequence[int], sandbox: RunningSandbox, folder: Path) -> Survey:
    """Run the cases one after another; a dead process is a broken case, and the next ones go on."""
    seen = Survey()
    while seen.finished < len(numbers):
        rest = numbers[seen.finished :]
        last, words = one_process(rest, sandbox, folder, seen)
        assert last, f"no case was begun: {words}"
        if seen.finished < len(numbers):
            seen.broken.append(f"the process died ({words[-600:]}) of {last}")
    return seen


def one_process(
    numbers: Sequence[int], sandbox: RunningSandbox, folder: Path, seen: Survey
) -> tuple[str, str]:
    """Run cases until the process ends; return the last one it began, and its last words."""
    folder.mkdir(exist_ok=True)
    last = ""
    with (folder / "stderr").open("w+") as errors:
        arguments = [folder, sandbox.root, sandbox.url, *numbers]
        process = subprocess.Popen(
            [sys.executable, "-m", "support.fuzzed_months", *map(str, arguments)],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        with process, process.stdout as lines:
            for line in lines:
                last = line.strip() if line.startswith("case ") else last
                tell(line.strip(), last, seen)
        errors.seek(0)
        return last, f"exit code {process.returncode}: {errors.read()}"


def tell(line: str, case: str, seen: Survey) -> None:
    if line.startswith("broken "):
        seen.broken.append(f"{line}, in {case}")
    elif line.startswith("kept "):
        _, number, outcome, seconds, megabytes, *_ = line.split()
        seen.loaded += outcome == "loaded"
        seen.refused += outcome == "refused"
        seen.slowest = max(seen.slowest, (float(seconds), number))
        seen.largest = max(seen.largest, (float(megabytes), number))
