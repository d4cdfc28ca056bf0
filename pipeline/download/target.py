"""Is the raw file there, whole, and which version of it is it?

Belongs here: the file with its sidecar ``<file>.json`` (its provenance), and the order in which
the two appear. Not here: how the bytes get here.
"""

import json
from pathlib import Path
from typing import BinaryIO

import luigi

from pipeline.core import files
from pipeline.core.errors import Terminal
from pipeline.core.files import publish, write_atomically
from pipeline.core.provenance import Provenance
from pipeline.core.publications import Publication


class RawTarget(luigi.Target):
    """A file as published, below ``data_dir``, vouched for by its sidecar."""

    def __init__(self, publication: Publication, data_dir: Path) -> None:
        self._publication = publication
        self.path = publication.raw_path(data_dir)

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Return whether the file is whole; cheap, it reads the sidecar and the file's size.

        Raises:
            Terminal: the folder cannot be read.
        """
        record = self.record()
        return record is not None and record.is_wanted()

    def identity(self) -> object:
        """Return what tells the file that is there from any that replaces it."""
        return files.identity(self.path)

    def record(self) -> Provenance | None:
        """Return which version of the file is there, a sample or real, or None."""
        return read_provenance(self.path, self._publication)

    def provenance(self) -> Provenance:
        """Return which version the file is.

        Raises:
            Terminal: the file is not there or not whole.
        """
        record = self.record()
        if record is None:
            raise Terminal(
                f"{self._publication} is not downloaded",
                expected=f"{self.path} and its sidecar",
                next_step="run the same command again",
            )
        return record


def sidecar_path(path: Path) -> Path:
    """Return where the provenance of the raw file ``path`` is kept."""
    return path.with_name(f"{path.name}.json")


def read_provenance(path: Path, publication: Publication) -> Provenance | None:
    """Return the provenance of the raw file, or None unless file and sidecar agree."""
    try:
        size = path.stat().st_size
        record = read_sidecar(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Terminal(f"cannot read {path}", seen=error.strerror) from error
    if record is None or not record.is_of(publication):
        return None
    return record if record.source_bytes == size else None


def publish_raw(file: BinaryIO, path: Path, provenance: Provenance) -> None:
    """Make the locked part of ``path`` the raw file, with its sidecar.

    The same file again takes the older one's place by one rename. One of another version goes first
    and the new one comes last, under the part's lock: at no instant is there a file beside another
    version's sidecar, and whoever waits for the lock finds both.
    """
    sidecar = json.dumps(provenance.to_metadata(), indent=2).encode()
    if not _holds(sidecar_path(path), sidecar):
        path.unlink(missing_ok=True)
        write_atomically(sidecar_path(path), sidecar)
    publish(file, path)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def read_sidecar(path: Path) -> Provenance | None:
    """Return what the sidecar of the raw file ``path`` tells, or None where it tells nothing.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    try:
        pairs = json.loads(sidecar_path(path).read_bytes())
    except ValueError:
        return None
    return Provenance.from_metadata(pairs) if isinstance(pairs, dict) else None
