"""Size, CRC32C and MD5 of an object's bytes, and whether they are what the sender said.

Belongs here: computing, parsing and comparing checksums. Not here: who sends them.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import google_crc32c

from pipeline.sandbox.http import Invalid

BLOCK_BYTES: Final = 1 << 20
HEADER_NAMES: Final = {"crc32c": "crc32c", "md5": "md5Hash"}
"""The names in ``X-Goog-Hash`` and the resource property each stands for."""


@dataclass(frozen=True)
class Contents:
    """A file's size in bytes and its checksums, base64 as Cloud Storage writes them."""

    size: int
    crc32c: str
    md5Hash: str

    def verify(self, expected: Mapping[str, str]) -> None:
        """Raise Invalid where a checksum in ``expected`` (by property name) differs."""
        for name, value in expected.items():
            computed = getattr(self, name)
            if value != computed:
                raise Invalid(
                    f"Provided {name} {value!r} doesn't match calculated {name} {computed!r}."
                )


def seal(path: Path) -> Contents:
    """Make the file's bytes durable and return its contents; reads it once, in 1 MiB blocks."""
    crc32c, md5, size = google_crc32c.Checksum(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while block := file.read(BLOCK_BYTES):
            crc32c.update(block)
            md5.update(block)
            size += len(block)
    return Contents(size, _base64(crc32c.digest()), _base64(md5.digest()))


def from_header(header: str) -> dict[str, str]:
    """Return an ``X-Goog-Hash`` header (``crc32c=..,md5=..``) by property name."""
    pairs = [part.strip().partition("=") for part in header.split(",") if part.strip()]
    unknown = [name for name, _, _ in pairs if name not in HEADER_NAMES]
    if unknown:
        raise Invalid(f"Invalid X-Goog-Hash header: unknown checksum {unknown[0]!r}")
    return {HEADER_NAMES[name]: value for name, _, value in pairs}


def to_header(resource: Mapping[str, str]) -> str:
    """Return the ``X-Goog-Hash`` header of an object resource."""
    return ",".join(f"{name}={resource[key]}" for name, key in HEADER_NAMES.items())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
