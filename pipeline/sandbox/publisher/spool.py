"""Keep a table on disk while it is written, column after column, as one row group.

Belongs here: the table and what frees its memory. Not here: what it holds (``samples.py``).
"""

import mmap
from collections.abc import Iterable
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import pyarrow as pa


def spooled(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path
) -> tuple[pa.Table, mmap.mmap]:
    """Return the batches as one table, and the mapped file without a name in ``folder`` it is in.

    The file is gone when the table is, or when the process dies.
    """
    with TemporaryFile(dir=folder) as file:
        with pa.ipc.new_file(file, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return pa.ipc.open_file(pa.py_buffer(mapped)).read_all(), mapped


class ForgetfulFile(RawIOBase):
    """A file to write to; with every write, memory forgets what it has read of ``mapped``.

    The system would take that memory back once it is short. Until then it would count as the
    process's own: a whole month.
    """

    def __init__(self, file: BinaryIO, mapped: mmap.mmap) -> None:
        self._file = file
        self._mapped = mapped

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: Any) -> int:
        """Write all of ``content``."""
        self._mapped.madvise(mmap.MADV_DONTNEED)
        return self._file.write(content)

    def tell(self) -> int:
        """Return where the next write goes."""
        return self._file.tell()
