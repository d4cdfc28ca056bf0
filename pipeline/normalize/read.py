"""The raw file, read batch by batch in bounded memory, one batch ahead of its consumer.

Belongs here: opening, streaming and what a broken file is called. Not here: what the columns
mean (``match.py``).
"""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth

T = TypeVar("T")

READ_BUFFER_BYTES: Final = 256 * 1024
"""Per column. A month may be one row group: without it, all of a column is read at once."""

MOST_COLUMNS: Final = 1_000
"""A month has some 20. Each one costs time and memory in every batch, whatever it holds."""

MOST_CELLS: Final = 1 << 22
"""Of a batch: where there are very many columns, there are fewer rows."""


class RawFile:
    """The published file of a month, open for reading; ``rows`` as its footer counts them.

    Raises:
        Terminal: it is not there, or no parquet file, or holds no rows, or far too many columns.
    """

    def __init__(self, path: Path, month: TripMonth) -> None:
        self._path = path
        self.month = month
        with self._readable():
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BUFFER_BYTES)
            self.schema: pa.Schema = self._file.schema_arrow
        self.rows = int(self._file.metadata.num_rows)
        self._columns = int(self._file.metadata.num_columns)
        self._refuse_what_is_no_month()

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows in file order, at most ``rows`` at a time.

        Raises:
            Terminal: the file is damaged.
        """
        # One thread decodes while another writes: on two cores, more would be in its way.
        rows = max(1, min(rows, MOST_CELLS // max(1, self._columns)))
        with self._readable():
            yield from self._file.iter_batches(batch_size=rows, use_threads=False)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def _refuse_what_is_no_month(self) -> None:
        if self.rows == 0:
            raise Terminal(
                f"{self.month}: the file holds no rows",
                seen=f"0 rows in {self._path}",
                expected="a month of trips",
                next_step="delete it to download it again, once the publisher has put it right",
            )
        if self._columns > MOST_COLUMNS:
            raise Terminal(
                f"{self.month}: the file holds too many columns",
                seen=f"{self._columns:,} columns in {self._path}",
                expected=f"about 20, and {MOST_COLUMNS:,} at most",
                next_step="compare the raw file with TLC's; delete it to download it again",
            )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn what Arrow says about a broken file into a Terminal."""
        try:
            yield
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise Terminal(
                f"{self.month}: the raw file is no readable parquet file",
                seen=f"{_beginning(self._path)} ({error})",
                expected=f"the month as published, in {self._path}",
                next_step="delete it to download it again",
            ) from error


def one_ahead(items: Iterable[T]) -> Generator[T]:
    """Yield ``items``, making the next one in a thread while the last one is used.

    What making an item raises is raised here. Closing it waits for the item in the making.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as thread:
        pending = thread.submit(next, iterator, None)
        while (item := pending.result()) is not None:
            pending = thread.submit(next, iterator, None)
            yield item


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return f"{path.stat().st_size:,} bytes that begin {file.read(40)!r}"
    except OSError as error:
        return f"{error.strerror}"
