"""Rows into a table by COPY, in bounded memory.

Belongs here: reading parquet and streaming. Not here: the bytes (``encode.py``), which table,
transactions (``load.py``).

A batch is decoded, encoded and handed to libpq before the next one is read; nothing is kept.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.postgres_session import interruptible
from pipeline.core.errors import Terminal
from pipeline.postgres.encode import Tell, encoded, format_of
from pipeline.postgres.locks import Say

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sqlalchemy as sa
    from psycopg2.sql import Composed

BATCH_ROWS: Final = 8_192
"""Larger batches are no faster and cost memory (``make bench``)."""

BATCH_BYTES: Final = 4 << 20
"""About as many a batch has at most, where rows are long."""

FIRST_ROWS: Final = 64
"""By which the length of a file's rows is told, beside what its footer says."""

NO_FREEZE: Final = {"0A000", "25000", "42601", "55000"}
"""SQLSTATEs of a server that does not take FREEZE, or not here."""

READ_BUFFER_BYTES: Final = 256 << 10
"""Per column. Without it, a row group's compressed columns are all read at once."""

READ_BUFFERS_BYTES: Final = 16 << 20
"""Of all columns together, where there are many."""


def filled(
    connection: "sa.Connection", table: "sa.Table", copy: Callable[[bool], int], say: Say
) -> int:
    """Make the table, without its indexes, and have ``copy`` fill it; return the rows.

    ``copy`` is told whether the rows are to be frozen. A server that refuses that is asked again,
    without; a snapshot older than the commit then sees the table empty.
    """
    import psycopg2

    try:
        return _made(connection, table, lambda: copy(True))
    except psycopg2.Error as refusal:
        if refusal.pgcode not in NO_FREEZE:
            raise
        say(f"without FREEZE, which the server refuses: {refusal.diag.message_primary}")
        return _made(connection, table, lambda: copy(False))


def _made(connection: "sa.Connection", table: "sa.Table", fill: Callable[[], int]) -> int:
    from sqlalchemy.schema import CreateTable

    with connection.begin_nested():
        connection.execute(CreateTable(table))
        return fill()


def copy_parquet(
    connection: "sa.Connection", path: Path, table: "sa.Table", tell: Tell, *, is_frozen: bool
) -> int:
    """Append the rows of the file at ``path`` to ``table`` and return how many the server took.

    Raises:
        Terminal: the file is damaged.
        psycopg2.Error: as ``copy_batches``.
    """
    with opened(path) as file:
        batches = batches_of(file)
        return copy_batches(
            connection, file.schema_arrow, batches, table, tell, is_frozen=is_frozen
        )


def batches_of(file: "pq.ParquetFile") -> Iterator["pa.RecordBatch"]:
    """Yield the file's rows in small batches."""
    # One thread decodes while the server stores: on two cores, more would be in its way.
    yield from file.iter_batches(batch_size=_batch_rows(file), use_threads=False)


def _batch_rows(file: "pq.ParquetFile") -> int:
    """Return how many of the file's rows are some megabytes."""
    groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
    lengths = [group.total_byte_size / max(1, group.num_rows) for group in groups]
    # The footer counts what is written, which is little where one long text is repeated.
    first = next(file.iter_batches(batch_size=FIRST_ROWS, use_threads=False), None)
    if first is not None and first.num_rows:
        lengths.append(first.nbytes / first.num_rows)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max([1, *lengths]))))


def copy_batches(
    connection: "sa.Connection",
    schema: "pa.Schema",
    batches: Iterable["pa.RecordBatch"],
    table: "sa.Table",
    tell: Tell,
    *,
    is_frozen: bool,
) -> int:
    """Append rows of that encodable schema to ``table``; return how many the server took.

    Columns go by name, whatever its case. ``is_frozen`` needs a table made in this transaction:
    its rows are then as after VACUUM, and visible to every snapshot once committed.

    Raises:
        psycopg2.Error: the server refused the rows, or went away.
    """
    stream = _Stream(encoded(schema, batches, tell))
    statement = _statement(table, schema.names, format_of(schema), is_frozen)
    # SQLAlchemy knows no COPY: it is asked of psycopg2, in the same transaction.
    cursor: Any = connection.connection.cursor()
    try:
        interruptible(cursor.connection, lambda: cursor.copy_expert(statement, stream), stream.stop)
    finally:
        stream.raise_failure()
    return int(cursor.rowcount)


class _Stream:
    """The file that psycopg2 reads from. A part may be longer than asked for: libpq takes it."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._failure: BaseException | None = None

    def read(self, size: int) -> bytes:
        """Return the next part, empty after the last."""
        try:
            if self._failure is not None:
                raise self._failure
            return next(self._parts, b"")
        except BaseException as failure:
            # psycopg2 ends the COPY, and tells no more than the server's echo of that.
            self._failure = failure
            raise

    def stop(self) -> None:
        """Have the next read fail: a COPY whose server has failed would go on to the last row."""
        self._failure = KeyboardInterrupt()

    def raise_failure(self) -> None:
        """Raise what went wrong on this side, if anything."""
        if self._failure is not None:
            raise self._failure


def _statement(table: "sa.Table", names: list[str], form: str, is_frozen: bool) -> "Composed":
    from psycopg2.sql import SQL, Identifier

    freeze = "FREEZE, " if is_frozen else ""
    options = f"{form}, {freeze}ENCODING 'UTF8'"
    return SQL("COPY {} ({}) FROM STDIN WITH (" + options + ")").format(
        Identifier(*filter(None, (table.schema, table.name))),
        SQL(", ").join(Identifier(name.lower()) for name in names),
    )


@contextmanager
def opened(
    path: Path, next_step: str = "delete it, to make it again"
) -> "Iterator[pq.ParquetFile]":
    """Open a parquet file so that reading it takes little memory; Terminal where it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.read_metadata(path).num_columns
        buffer = min(READ_BUFFER_BYTES, READ_BUFFERS_BYTES // max(1, columns))
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=buffer) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise Terminal(f"{path} cannot be read", seen=error, next_step=next_step) from error
