"""The two headers about byte ranges: ``Range`` of a download, ``Content-Range`` of a chunk.

Belongs here: reading them. Not here: the bytes.
"""

import re
from dataclasses import dataclass
from typing import Final

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere

NUMBER: Final = "([0-9]{1,18})"


def byte_range(header: str | None, size: int) -> range | None:
    """Return the offsets that a ``Range`` header asks for; None: everything.

    Raises ApiError 416 where no byte of the object is in the range. A header that is no byte
    range is ignored, as HTTP demands.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        if header is not None and "," in header:
            raise NotImplementedHere("several ranges in one request")
        return None
    first, last = match.groups()
    if not first:
        found = range(max(0, size - int(last)), size)
    else:
        found = range(int(first), min(int(last) + 1 if last else size, size))
        if last and int(last) < int(first):
            return None
    if not found:
        raise ApiError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    return found


@dataclass(frozen=True)
class ChunkRange:
    """Where a chunk lies: its offsets (None: a question about the state), the total if known."""

    offsets: range | None
    total: int | None

    @classmethod
    def from_header(cls, header: str | None, length: int) -> "ChunkRange":
        """Return the range of a chunk of ``length`` bytes; without a header it is everything."""
        if header is None:
            return cls(range(length), length)
        match = re.fullmatch(f"bytes (?:{NUMBER}-{NUMBER}|\\*)/(?:{NUMBER}|\\*)", header)
        if match is None:
            raise Invalid(f"Failed to parse Content-Range header: {header!r}")
        first, last, total = (None if group is None else int(group) for group in match.groups())
        if first is None or last is None:
            return cls(None, total)
        return cls(_checked(range(first, last + 1), total, length), total)

    @property
    def is_last(self) -> bool:
        """Whether the object ends where the chunk ends."""
        return self.offsets is not None and self.offsets.stop == self.total


def _checked(offsets: range, total: int | None, length: int) -> range:
    if length != len(offsets):
        raise Invalid(
            f"There were {length} byte(s) in the request body. There should have been "
            f"{len(offsets)} byte(s) according to the Content-Range header."
        )
    if total is not None and offsets.stop > total:
        raise Invalid(f"Content-Range ends at {offsets.stop}, after the total of {total} bytes")
    return offsets
