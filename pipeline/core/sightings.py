"""What the publisher was last seen to serve: which version of a file, in the order it was seen.

Belongs here: the sightings on disk, and whether they tell that what is held was replaced since.
Not here: asking the publisher (``download/``), and what follows (each target's ``exists``).

One small file per published file below ``data_dir``, its newest sighting first. The older ones are
kept for their digests: the same bytes under a new ETag are then known again. A sighting is a
memory and no truth: one that is lost or cannot be understood costs a question to the publisher.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pipeline.core.errors import Terminal
from pipeline.core.files import write_atomically
from pipeline.core.settings import data_dir

if TYPE_CHECKING:
    from pipeline.core.provenance import Provenance

MOST_KEPT: Final = 5


class Unkept(Terminal):
    """Raised where sightings can be neither read nor written: then no replacement is noticed."""


@dataclass(frozen=True)
class Sighting:
    """One version of a file, as the publisher told it.

    ``etag`` and ``last_modified`` are as served, empty where they are not; ``length`` is in bytes,
    None where it was not told; ``sha256`` is None until these bytes were downloaded; ``seen_at`` is
    ISO 8601, UTC. Where the publisher had no such file, ``is_published`` is False.
    """

    url: str
    etag: str
    last_modified: str
    length: int | None
    sha256: str | None
    seen_at: str
    is_published: bool = True

    @classmethod
    def of(cls, record: "Provenance") -> Self:
        """Return the sighting that downloading that version is."""
        return cls(
            record.source_url,
            record.source_etag,
            record.source_last_modified,
            record.source_bytes,
            record.source_sha256,
            now(),
        )

    @classmethod
    def of_nothing(cls, url: str) -> Self:
        """Return the sighting of a file that is not published."""
        return cls(url, "", "", None, None, now(), is_published=False)

    def is_same(self, other: "Sighting") -> bool:
        """Return whether both are one version, as far as what was told of both can tell.

        The digest decides; else the length and, of what both have, the strong ETag, the date, or
        any ETag.
        """
        if self.url != other.url or self.is_published != other.is_published:
            return False
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        if None not in (self.length, other.length) and self.length != other.length:
            return False
        for mine, theirs in zip(self._validators(), other._validators(), strict=True):
            if mine and theirs:
                return mine == theirs
        return True

    def is_older(self, other: "Sighting") -> bool:
        """Return whether it was made before the other, by the publisher's own dates."""
        mine, theirs = _seconds(self.last_modified), _seconds(other.last_modified)
        return mine is not None and theirs is not None and mine < theirs

    def _validators(self) -> tuple[str, str, str]:
        strong = self.etag if self.etag.startswith('"') else ""
        return strong, self.last_modified, self.etag


def now() -> str:
    """Return the time as sightings have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sighting(service: str, key: str) -> Sighting | None:
    """Return the newest sighting of the service's file of that month, None where there is none.

    Raises:
        Unkept: the file of sightings is there and cannot be read.
    """
    return next(iter(_known(service, key)), None)


def record(service: str, key: str, seen: Sighting) -> Sighting:
    """Keep the newest sighting, and return it, with its digest where that is known from before.

    Safe to call again, and from two processes at once: the last call wins.

    Raises:
        Unkept: the folder cannot be written.
    """
    known = _known(service, key)
    if seen.sha256 is None:
        seen = replace(seen, sha256=_digest(seen, known))
    older = [other for other in known if asdict(other) | _LATER != asdict(seen) | _LATER]
    kept = [asdict(each) for each in (seen, *older)][:MOST_KEPT]
    try:
        write_atomically(_path(service, key), json.dumps(kept, indent=2).encode())
    except Terminal as error:
        raise Unkept("what the publisher serves cannot be kept in mind", seen=error) from error
    return seen


def is_outdated(held: "Provenance") -> bool:
    """Return whether the publisher was seen to serve another version of that file, and no older.

    An older one is that of a cache that is behind, or this host's last look was before another
    host's download.

    Raises:
        Unkept: the file of sightings is there and cannot be read.
    """
    seen = sighting(held.service, held.month)
    if seen is None or not seen.is_published or seen.url != held.source_url:
        return False
    version = Sighting.of(held)
    return not seen.is_same(version) and not seen.is_older(version)


_LATER: Final = {"seen_at": "", "sha256": ""}
"""What two sightings of the same headers may differ in."""


def _digest(seen: Sighting, known: Sequence[Sighting]) -> str | None:
    """Return the digest of a version of which only the headers were seen, where it is known."""
    if not seen.is_published:
        return None
    digests = [other.sha256 for other in known if other.sha256 and other.is_same(seen)]
    return digests[0] if digests else _digest_despite_etag(seen, known)


def _digest_despite_etag(seen: Sighting, known: Sequence[Sighting]) -> str | None:
    """Return the one digest that several ETags of this date and length have turned out to have.

    Such a publisher's ETags tell nothing; without this each new one would cost a download.
    """
    alike = [
        other
        for other in known
        if other.sha256 and other.last_modified and replace(seen, etag=other.etag).is_same(other)
    ]
    etags, digests = {other.etag for other in alike}, {other.sha256 for other in alike}
    return digests.pop() if len(etags) > 1 and len(digests) == 1 else None


def _known(service: str, key: str) -> list[Sighting]:
    path = _path(service, key)
    try:
        return _parsed(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unkept(f"cannot read {path}", seen=error.strerror,
                     next_step="give it back to its owner, or delete it") from error  # fmt: skip


def _parsed(content: bytes) -> list[Sighting]:
    """Return the sightings; none where the file is damaged."""
    with suppress(ValueError, TypeError, RecursionError):
        found = [Sighting(**pairs) for pairs in json.loads(content)]
        if all(map(_is_typed, found)):
            return found
    return []


def _is_typed(seen: Sighting) -> bool:
    texts: tuple[Any, ...] = (seen.url, seen.etag, seen.last_modified, seen.seen_at)
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(seen.length, int | None)
        and isinstance(seen.sha256, str | None)
        and isinstance(seen.is_published, bool)
    )


def _path(service: str, key: str) -> Path:
    return data_dir() / "publisher" / f"{'_'.join(filter(None, (service, key)))}.json"


def _seconds(date: str) -> float | None:
    with suppress(ValueError, TypeError, OverflowError):
        parts = parsedate_tz(date)
        return mktime_tz(parts) if parts else None
    return None
