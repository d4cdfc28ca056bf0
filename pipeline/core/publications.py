"""What TLC publishes under an address of its own: a month's trips, or the taxi zones.

Belongs here: what every stage may ask of such a file, whichever it is. Not here: the files'
names (``months.py``, ``zones/``).
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Protocol


class Publication(Hashable, Protocol):
    """One published file, and its names along the way. ``str()`` is what messages call it."""

    @property
    def service(self) -> str:
        """Whose records it holds, e.g. ``yellow``; part of its provenance."""

    @property
    def key(self) -> str:
        """Its month, ``2021-01``; empty where the file is not of a month."""

    @property
    def object_name(self) -> str:
        """Its object in the lake, without the bucket."""

    def url(self, base_url: str) -> str:
        """Return its address, at the publisher whose months are below ``base_url``."""

    def raw_path(self, data_dir: Path) -> Path:
        """Return where the file as published is kept below ``data_dir``."""
