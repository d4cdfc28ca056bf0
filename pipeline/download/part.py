"""The bytes of a download that is under way, and which version of the file they belong to.

Belongs here: the part on disk, its record ``<file>.part.json``, and giving up one that is no file
of its kind. Not here: HTTP, what the kinds are (``kinds.py``), and the finished file.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pipeline.core import files, settings
from pipeline.core.errors import Terminal
from pipeline.download.kinds import PARQUET, FileKind, Unreadable

CHUNK_BYTES: Final = 1 << 17


@dataclass(frozen=True)
class Published:
    """One version of a file, as the publisher's headers tell it.

    ``length`` is in bytes, None where it is not told; ``etag`` and ``last_modified`` are as
    served, empty where they are not.
    """

    url: str
    etag: str
    last_modified: str
    length: int | None

    @property
    def resumable(self) -> bool:
        """Whether the rest of this very version can be asked for: it takes a strong ETag."""
        return self.length is not None and self.etag.startswith('"')


class Part:
    """The locked part of the file ``path``; every version but the recorded one starts at zero."""

    def __init__(self, file: BinaryIO, path: Path, kind: FileKind = PARQUET) -> None:
        self._file = file
        self._path = path
        self._kind = kind
        self._hash = hashlib.sha256()
        self._hashed = 0

    @property
    def size(self) -> int:
        """The bytes that are there."""
        return self._file.seek(0, os.SEEK_END)

    def version(self, url: str) -> Published | None:
        """Return the version of ``url`` that these bytes begin, or None where they begin none."""
        recorded = _read_record(_record_path(self._path))
        if recorded is None or recorded.url != url or not recorded.resumable:
            return None
        return recorded if 0 < self.size <= (recorded.length or 0) else None

    def start(self, published: Published) -> None:
        """Begin at zero with ``published``.

        The part is empty on disk before the record changes, so that no record ever vouches for
        another version's bytes.
        """
        self._file.truncate(0)
        self._file.seek(0)
        os.fsync(self._file.fileno())
        self._hash, self._hashed = hashlib.sha256(), 0
        record = json.dumps(asdict(published), indent=2).encode()
        files.write_atomically(_record_path(self._path), record)

    def check_room(self, published: Published) -> None:
        """Raise Terminal where what is missing of a file of that length has no room here."""
        if published.length is None:
            return
        self._check_most(published.length)
        missing = published.length - self.size
        if missing > (free := shutil.disk_usage(self._path.parent).free):
            raise Terminal(
                f"there is no room for {self._path}",
                seen=f"{free / 1e6:,.0f} MB free",
                expected=f"{missing / 1e6:,.0f} MB, which the publisher tells that it takes",
                next_step="free space, or point [local] data_dir at another folder",
            )

    def append(self, chunk: bytes) -> None:
        """Add ``chunk`` at the end; raises OSError where the disk is full, Terminal if too long."""
        self._check_most(self.size + len(chunk))
        self._hash_the_rest()
        self._file.write(chunk)
        self._file.flush()
        self._hash.update(chunk)
        self._hashed += len(chunk)

    def sha256(self) -> str:
        """Return the digest of all bytes, whichever process wrote them."""
        self._hash_the_rest()
        return self._hash.hexdigest()

    def ends_whole(self) -> bool:
        """Return whether the bytes begin and end as every file of this kind does."""
        return self._kind.ends_whole(files.part_path(self._path))

    def rows_or_discard(self) -> int:
        """Return the row count of a whole part.

        Raises:
            Terminal: the bytes are no file of this kind; they are gone, the error tells how they
                began.
        """
        try:
            return self._kind.count_rows(files.part_path(self._path))
        except Unreadable as why:
            raise self._discarded(why) from why

    def start_over(self) -> None:
        """Forget which version the bytes begin, so that the next attempt begins at zero."""
        _record_path(self._path).unlink(missing_ok=True)

    def finish(self) -> None:
        """Make the bytes durable and delete the record, so that none stays beside the file."""
        os.fsync(self._file.fileno())
        self.start_over()

    def discard(self) -> None:
        """Delete the part and its record."""
        self.start_over()
        files.discard(self._path)

    def _check_most(self, size: int) -> None:
        most = int(settings.source().max_bytes)
        if size > most:
            raise Terminal(
                f"what the publisher serves as {self._path.name} is too large",
                seen=f"{size / 1e6:,.0f} MB or more",
                expected=f"{most / 1e6:,.0f} MB at most",
                next_step="raise [source] max_bytes where that is right",
            )

    def _hash_the_rest(self) -> None:
        if self._hashed < self.size:
            self._file.seek(self._hashed)
            while chunk := self._file.read(CHUNK_BYTES):
                self._hash.update(chunk)
                self._hashed += len(chunk)

    def _discarded(self, why: Unreadable) -> Terminal:
        error = Terminal(
            f"what the publisher served as {self._path.name} is no {self._kind.name}",
            seen=f"{self.size:,} bytes that begin {self._beginning()!r} ({why})",
            expected=self._kind.expected,
            next_step="open the address in a browser; nothing of it was kept",
        )
        self.discard()
        return error

    def _beginning(self) -> bytes:
        self._file.seek(0)
        return self._file.read(60)


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.part.json")


def _read_record(path: Path) -> Published | None:
    try:
        return Published(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
