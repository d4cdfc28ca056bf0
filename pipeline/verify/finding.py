"""One disagreement: where, what was seen against what was expected, and the command that mends it.

Belongs here: its form, the words of the commands, comparing two records, and which months are
meant. Not here: finding any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Final

from pipeline.core.errors import one_line
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance

VERSION: Final = (
    "source_sha256",
    "source_rows",
    "rows_kept",
    "rows_quarantined",
    "schema_version",
)
"""What two stages of one version agree on, whoever has normalized it and when."""


@dataclass(frozen=True)
class Meant:
    """The months that are meant: of these services, from ``first`` to ``last``, both included."""

    services: Sequence[str] = SERVICES
    first: date = date.min
    last: date = date.max

    def __contains__(self, month: TripMonth) -> bool:
        return month.service in self.services and self.first <= month.first_day <= self.last


@dataclass(frozen=True)
class Finding:
    """A disagreement at a stage; ``stage`` is one of ``core.month_task.STAGES``.

    ``subject`` is the month, or what all months share, such as a table. ``mend`` is a command.
    """

    subject: TripMonth | str
    stage: str
    seen: str
    expected: str
    mend: str

    def __str__(self) -> str:
        told = f"{self.subject}, {self.stage}; seen: {self.seen}; expected: {self.expected}"
        return f"{one_line(told)}; next: {self.mend}"


def redo(month: TripMonth, stage: str, to: str | None = None) -> str:
    """Return the command that makes the month again from a stage on."""
    return f"tlc redo {month} --from {stage}" + (f" --to {to}" if to else "")


def remake(month: TripMonth, task: str, stage: str) -> str:
    """Return the command that makes the month's local files again from a stage on."""
    place = f"--service {month.service} --year {month.year} --month {month.month}"
    return f"luigi --module pipeline {task} {place} --redo-from {stage}"


def difference(seen: Provenance, expected: Provenance) -> tuple[str, str] | None:
    """Return the fields in which two records differ, as each has them; None where in none."""
    names = [field.name for field in fields(Provenance)]
    return _told(seen, expected, names)


def other_version(seen: Provenance, expected: Provenance) -> tuple[str, str] | None:
    """Return the same of what makes a version: None where both are of one."""
    return _told(seen, expected, VERSION)


def is_older(one: Provenance, other: Provenance) -> bool:
    """Return whether the publisher served ``one`` before ``other``, as its headers tell."""
    try:
        times = [parsedate_to_datetime(each.source_last_modified) for each in (one, other)]
    except (TypeError, ValueError):
        return False
    return times[0] < times[1]


def unbalanced(record: Provenance) -> tuple[str, str] | None:
    """Return what does not add up in a record, and what it should be; None where it does."""
    if record.is_balanced:
        return None
    kept, quarantined = record.rows_kept, record.rows_quarantined
    return f"{kept} rows kept + {quarantined} quarantined", f"{record.source_rows} in the source"


def first(findings: Iterator[Finding]) -> Finding | None:
    """Return the first finding: what comes after it may only be its consequence."""
    return next(findings, None)


def _told(seen: Provenance, expected: Provenance, names: Sequence[str]) -> tuple[str, str] | None:
    pairs = [(name, getattr(seen, name), getattr(expected, name)) for name in names]
    other = [(name, ours, theirs) for name, ours, theirs in pairs if ours != theirs]
    if not other:
        return None
    return (", ".join(f"{name} {ours}" for name, ours, _ in other),
            ", ".join(f"{name} {theirs}" for name, _, theirs in other))  # fmt: skip
