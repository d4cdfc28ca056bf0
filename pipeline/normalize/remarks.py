"""What is worth knowing about a month beyond its counts, in words.

Belongs here: the words, and that they fit where a month's record goes. Not here: counting
(``audit.py``) and what becomes of unknown columns (``unknown.py``).
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Final

from pipeline.core.months import TripMonth
from pipeline.core.provenance import METADATA_PREFIX, Provenance
from pipeline.core.settings import is_loopback
from pipeline.schemas import published_file

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 1_500
"""Of a month's remarks: an object's metadata is 8 KiB at most, and holds the whole record."""

SAMPLES: Final = 3
SAMPLE_LENGTH: Final = 24
DIFFERENT_SAMPLES: Final = 1_000


class Remarks:
    """The remarks about a month, each under the name that it has in the footer's audit."""

    def __init__(self, month: TripMonth) -> None:
        self._month = month
        self._told: dict[str, str] = {}

    def add(self, name: str, remark: str | None) -> None:
        """Take a remark, if there is one, and log it as a warning."""
        if remark is not None:
            self._told[name] = remark
            logger.warning("%s: %s", self._month, remark)

    @property
    def text(self) -> str | None:
        """All of them, cut where they are too long; None where there are none."""
        return _cut("; ".join(self._told.values()), MOST_BYTES) if self._told else None

    def to_metadata(self) -> dict[str, str]:
        """Return them as text pairs for the footer, ``tlc_audit_<name>``."""
        return {f"{METADATA_PREFIX}audit_{name}": told for name, told in self._told.items()}


class UnknownWords:
    """Counts, by column, values that no table knows, and keeps the most frequent ones.

    Memory is bounded: of very many different ones, rare ones are forgotten, but still counted.
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._samples: dict[str, Counter[str]] = {}

    def add(self, unknown: Mapping[str, Counter[str]]) -> None:
        """Count a batch's words: by column, how often each is there."""
        for column, words in unknown.items():
            self._rows[column] += words.total()
            samples = self._samples.setdefault(column, Counter())
            for text, rows in words.items():
                samples[text[:SAMPLE_LENGTH]] += rows
            if len(samples) > DIFFERENT_SAMPLES:
                self._samples[column] = Counter(dict(samples.most_common(DIFFERENT_SAMPLES // 2)))

    def __str__(self) -> str:
        return ", ".join(f"{column} {self._of(column)}" for column in sorted(self._rows))

    def _of(self, column: str) -> str:
        samples = self._samples[column].most_common(SAMPLES)
        return f"{self._rows[column]:,} ({', '.join(ascii(text) for text, _ in samples)})"

    @property
    def remark(self) -> str | None:
        """What is to be told of them, or None where there are none."""
        return f"values that no table knows are null: {self}" if self._rows else None


def difference(source: Provenance, month: TripMonth) -> str | None:
    """Return how the rows of a real file differ from those it was published with, or None.

    TLC publishes months again, so that a difference is worth knowing and no error.
    """
    published = published_file(month)
    is_known = published is not None and not is_loopback(source.source_url)
    if published is None or not is_known or published.rows == source.source_rows:
        return None
    return f"differs from {published.as_of}: {published.rows:,} -> {source.source_rows:,}"


def _cut(text: str, most_bytes: int) -> str:
    whole = text.encode()
    if len(whole) <= most_bytes:
        return text
    return whole[: most_bytes - 4].decode("utf-8", "ignore") + " ..."
