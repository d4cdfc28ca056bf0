"""The two roots of every error the pipeline raises on purpose: retry, or stop.

Belongs here: the error classes and the one line they print. Not here: exit codes (``luigi.cfg``)
and what prints the line (``logs.py``).

    PipelineError
    ├── Transient   weather: the same command may succeed later
    │   └── NotPublished   the publisher does not have it yet
    └── Terminal    the same command will fail again until something is changed
        └── BadRequest   the month, service or setting that was asked for cannot exist
"""

from typing import Final

UNPUBLISHED: Final = "is not published yet"
"""How every message says so; luigid keeps of an error only its text."""
MOST_CHARACTERS: Final = 2_000
"""Of each part of an error: what a file, a server or a user says may be longer."""


class PipelineError(Exception):
    """An error that is one clear line: what, seen against expected, and the next step."""

    def __init__(
        self,
        what: str,
        *,
        seen: object = None,
        expected: object = None,
        next_step: str | None = None,
    ) -> None:
        parts = [what]
        if seen is not None:
            parts.append(f"seen: {seen}")
        if expected is not None:
            parts.append(f"expected: {expected}")
        if next_step is not None:
            parts.append(f"next: {next_step}")
        super().__init__("; ".join(map(one_line, parts)))


def one_line(part: str) -> str:
    """Return a text as one short line that does nothing to a terminal, whoever wrote it."""
    words = " ".join(part.split())
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in words)
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}…"


class Transient(PipelineError):
    """Raised when a service or the network failed; running the same command again may succeed."""


class NotPublished(Transient):
    """Raised when the publisher does not have yet what was asked for."""


class Terminal(PipelineError):
    """Raised when the same command would fail again until data, settings or rights change."""


class BadRequest(Terminal):
    """Raised when what was asked for cannot exist: month 13, a service TLC does not have."""
