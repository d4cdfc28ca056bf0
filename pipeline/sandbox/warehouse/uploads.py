"""Files that come with a load job: kept on disk from the first byte until the job is done.

Belongs here: sessions of resumable uploads and their files. Not here: HTTP (``upload_api.py``),
reading the files (``load.py``).

A session is forgotten with the process, as a client then begins its load anew; the file of a job
that was already inserted is not.
"""

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.sandbox.http import ApiError, Invalid
from pipeline.sandbox.warehouse.catalog import Resource


@dataclass
class Upload:
    """A file on its way in, and the job that it belongs to."""

    path: Path
    job: Resource

    @property
    def received(self) -> int:
        """How many bytes have arrived."""
        return self.path.stat().st_size

    def open_at(self, offset: int) -> BinaryIO:
        """Open for writing at ``offset``, cutting off what was sent after it; 400 for a gap."""
        if offset > self.received:
            raise Invalid(f"Upload offset {offset} exceeds {self.received} bytes")
        file = self.path.open("r+b")
        file.seek(offset)
        file.truncate()
        return file

    def seal(self) -> Path:
        """Make the bytes survive a power cut; return the file."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        return self.path


class Uploads:
    """The folder of the files, and the sessions by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sessions: dict[str, Upload] = {}

    def clean(self, needed: Iterable[Path | None]) -> None:
        """Delete every file that is not ``needed`` by an unfinished job."""
        self._folder.mkdir(exist_ok=True)
        for file in set(self._folder.iterdir()) - set(needed):
            file.unlink()

    def begin(self, job: Resource) -> str:
        """Begin a session for ``job``; return its id."""
        name = uuid.uuid4().hex
        path = self._folder / name
        path.touch()
        self._sessions[name] = Upload(path, job)
        return name

    def get(self, name: str) -> Upload:
        """Return the session; raise 404 where there is none."""
        if name not in self._sessions:
            raise ApiError(404, "notFound", f"Not found: Upload session {name}")
        return self._sessions[name]

    def end(self, name: str) -> None:
        """Forget the session; its file stays with the job."""
        self._sessions.pop(name, None)
