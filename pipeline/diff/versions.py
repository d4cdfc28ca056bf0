"""The two newest versions of a month that the lake or a ledger knows of.

Belongs here: choosing them. Not here: what is in them (``content.py``).

The lake is asked first: where its bucket keeps versions, both can be read. Otherwise the ledgers
know what they were, BigQuery's before Postgres's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake.bucket import LakeObject
from pipeline.lake.generations import versions

LAKE: Final = "lake"


@dataclass(frozen=True)
class Version:
    """One version of a month, and who knows of it: ``lake``, ``bigquery`` or ``postgres``.

    ``loaded_at`` is when it got there; ``stored`` is its object, where the lake still has it.
    """

    provenance: Provenance
    known_by: str
    loaded_at: datetime | None
    stored: LakeObject | None

    @property
    def identity(self) -> tuple[str, str | None]:
        """What makes it another version: the published bytes, and what was made of them."""
        return self.provenance.source_sha256, self.provenance.schema_version


def two_newest(month: TripMonth) -> tuple[Version, Version] | None:
    """Return the month's last version and the one before, or None where it was never replaced.

    One listing; where the lake has no two versions, one query of each ledger.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    in_lake = _in_lake(month)
    sources: tuple[Callable[[TripMonth], list[Version]], ...] = (
        lambda month: in_lake,
        _in_bigquery,
        _in_postgres,
    )
    for source in sources:
        if pair := _last_change(source(month)):
            newer, older = pair
            return _stored(newer, in_lake), _stored(older, in_lake)
    return None


def _last_change(newest_first: Iterable[Version]) -> tuple[Version, Version] | None:
    """Return the newest and the first one before it that is another."""
    known = [*newest_first]
    others = (version for version in known if version.identity != known[0].identity)
    older = next(others, None)
    return (known[0], older) if older else None


def _stored(version: Version, in_lake: Iterable[Version]) -> Version:
    """Return the version with its object, where the lake has it."""
    same = (other for other in in_lake if other.identity == version.identity)
    found = next(same, None)
    return replace(version, stored=found.stored) if found else version


def _in_lake(month: TripMonth) -> list[Version]:
    found = versions(month.object_name)
    return [
        Version(stored.provenance, LAKE, None, stored)
        for stored in found
        if stored.provenance and stored.provenance.is_balanced and stored.provenance.is_of(month)
    ]


def _in_bigquery(month: TripMonth) -> list[Version]:
    from pipeline.bigquery.ledger import history

    return [Version(load.provenance, "bigquery", load.loaded_at, None) for load in history(month)]


def _in_postgres(month: TripMonth) -> list[Version]:
    from pipeline.postgres.ledger import history
    from pipeline.survey.months import is_postgres_used

    if not is_postgres_used():
        return []
    return [Version(load.provenance, "postgres", load.loaded_at, None) for load in history(month)]
