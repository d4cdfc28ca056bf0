"""What the newest replacement of a month has changed: told by its records, and by its rows.

Belongs here: putting both together, and saying it in one line. Not here: choosing the versions
(``versions.py``) and comparing rows (``content.py``).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.files import explained
from pipeline.core.months import TripMonth
from pipeline.core.settings import data_dir, lake
from pipeline.diff.content import Change, Content, compare
from pipeline.diff.versions import Version, two_newest
from pipeline.lake.generations import fetch
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema


@dataclass(frozen=True)
class Difference:
    """Two versions of a month, and what differs between their rows.

    ``content`` is None where not both can be read any more; ``why`` then says why, and what keeps
    the next one readable.
    """

    month: TripMonth
    before: Version
    after: Version
    content: Content | None
    why: str | None

    @property
    def rows(self) -> Change:
        """The rows kept."""
        pair = self.before.provenance, self.after.provenance
        return Change("rows", *(record.rows_kept for record in pair))


def difference(month: TripMonth) -> Difference | None:
    """Return what the newest replacement has changed, or None where there was none.

    Costs one listing and, where the lake keeps both versions, their download; otherwise a query of
    each ledger.

    Raises:
        Transient, Terminal: a service does not answer, or refuses, or an object is damaged.
    """
    pair = two_newest(month)
    if pair is None:
        return None
    after, before = pair
    if why := _unreadable(before) or _unreadable(after):
        return Difference(month, before, after, None, why)
    with _room() as room:
        old, new = _file(month, before, room / "before"), _file(month, after, room / "after")
        return Difference(month, before, after, compare(month, old, new, room), None)


def summary(month: TripMonth) -> str | None:
    """Return in one line what the newest replacement has changed, None where there was none.

    Raises:
        Transient, Terminal: as ``difference``.
    """
    found = difference(month)
    return None if found is None else summarized(found)


def summarized(found: Difference) -> str:
    """Return the difference in one line: rows, sums and columns."""
    rows = found.rows
    parts = [f"rows {_number(rows.before)} to {_number(rows.after)} ({_growth(rows)})"]
    content = found.content
    if content is None:
        return parts[0]
    parts += [f"{change.name} {_growth(change)}" for change in _leading_sums(found.month, content)]
    parts += [f"new column {name}" for name in content.gained]
    parts += [f"column {name} gone" for name in content.lost]
    if content.days:
        parts.append(f"{len(content.days)} days differ" if len(content.days) > 1
                     else f"only {content.days[0].name} differs")  # fmt: skip
    return "; ".join(parts if len(parts) > 1 or content.others else [*parts, "the same values"])


def _leading_sums(month: TripMonth, content: Content) -> list[Change]:
    """Return the sums that tell most: of distance and of money."""
    roles = service_schema(month.service).roles
    leading = (roles.trip_distance, roles.fare_amount, roles.total_amount)
    return [change for change in content.sums if change.name in leading]


def _unreadable(version: Version) -> str | None:
    if version.stored is not None:
        return None
    digest = version.provenance.source_sha256[:12]
    return (
        f"what it was (sha256 {digest}) is not in gs://{lake().bucket} any more; turn its object "
        "versioning on, and the next replacement can be told in full (docs/google-cloud.md)"
    )


@contextmanager
def _room() -> Iterator[Path]:
    """Yield a folder where there is room for months: what is temporary elsewhere may be memory."""
    folder = data_dir()
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="diff-", dir=folder) as room:
            yield Path(room)


def _file(month: TripMonth, version: Version, path: Path) -> Path:
    """Return the version's file: the canonical one of this machine where it is that, or a copy."""
    held = CanonicalMonthTarget(month, data_dir())
    if held.record() == version.provenance:
        return held.path
    assert version.stored is not None
    fetch(version.stored, path)
    return path


def _growth(change: Change) -> str:
    return "not comparable" if change.by is None else f"{change.by:+,.10g}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.10g}"
