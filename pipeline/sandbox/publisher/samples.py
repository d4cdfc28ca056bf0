"""Write a sample month: made up, yet in that month's real file layout and with its known dirt.

Belongs here: batches into a parquet file. Not here: what the rows say (``taxis.py``,
``for_hire.py``, ``dirt.py``), the month's columns (``layout.py``) and serving the file
(``handlers.py``).
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.errors import BadRequest
from pipeline.core.files import discard, part_file, publish
from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher import for_hire, taxis
from pipeline.sandbox.publisher.dirt import add_dirt
from pipeline.sandbox.publisher.draws import Columns, Rng, Values
from pipeline.sandbox.publisher.layout import Vocabulary, file_batch, file_schema
from pipeline.sandbox.publisher.spool import ForgetfulFile, spooled
from pipeline.schemas import service_schema

BATCH_ROWS: Final = 1 << 17
ROW_GROUP_ROWS: Final = 1 << 20
"""Rows per row group, unless one is to hold the whole month."""

Maker = Callable[[Rng, TripMonth, Values, int], Columns]
MAKERS: Final[Mapping[str, tuple[Maker, Vocabulary]]] = {
    "yellow": (taxis.taxi_columns, taxis.VOCABULARY),
    "green": (taxis.taxi_columns, taxis.VOCABULARY),
    "fhv": (for_hire.fhv_columns, for_hire.FHV_VOCABULARY),
    "fhvhv": (for_hire.fhvhv_columns, for_hire.FHVHV_VOCABULARY),
}


Progress = Callable[[int], None]


def sample_path(root: Path, month: TripMonth) -> Path:
    """Return where the publisher under ``root`` keeps the month's sample."""
    return root / month.file_name


def write_sample(
    month: TripMonth,
    rows: int,
    path: Path,
    progress: Progress = lambda made: None,
    one_row_group: bool = False,
) -> None:
    """Write ``rows`` made-up trips of ``month`` to ``path``, replacing what is there.

    ``progress`` is told how many rows are made. ``one_row_group`` puts them all into one row group,
    as TLC did until 2023-01, whatever their number.

    The same arguments make the same bytes (with the same numpy and pyarrow). Memory is that of
    ``ROW_GROUP_ROWS`` rows, whatever ``rows``. The file appears whole or not at all.

    Raises:
        BadRequest: ``rows`` is negative.
        Terminal: ``path`` cannot be written.
    """
    _check(rows)
    with part_file(path) as file:
        _write(month, rows, file, progress, path.parent if one_row_group else None)
        publish(file, path)


def ensure_sample(month: TripMonth, rows: int, path: Path, one_row_group: bool = False) -> None:
    """Like :func:`write_sample`, unless there is a file already; one process at a time writes."""
    if path.exists():
        return
    _check(rows)
    with part_file(path) as file:
        if path.exists():
            discard(path)
            return
        _write(month, rows, file, lambda made: None, path.parent if one_row_group else None)
        publish(file, path)


def _check(rows: int) -> None:
    if rows < 0:
        raise BadRequest("a sample cannot have that many rows", seen=rows, expected="0 or more")


def _write(
    month: TripMonth, rows: int, file: BinaryIO, progress: Progress, spool_folder: Path | None
) -> None:
    """Write the sample; as one row group where there is a ``spool_folder`` for it."""
    batches = _batches(month, rows, progress)
    file.truncate(0)
    file.seek(0)
    if spool_folder is not None and rows > ROW_GROUP_ROWS:
        table, mapped = spooled(batches, file_schema(month), spool_folder)
        with _writer(month, ForgetfulFile(file, mapped)) as writer:
            writer.write_table(table, rows)
        return
    with _writer(month, file) as writer:
        while group := list(islice(batches, ROW_GROUP_ROWS // BATCH_ROWS)):
            writer.write_table(pa.Table.from_batches(group), ROW_GROUP_ROWS)


def _writer(month: TripMonth, file: Any) -> pq.ParquetWriter:
    era = service_schema(month.service).era(month)
    return pq.ParquetWriter(
        file,
        file_schema(month),
        compression=era.compression,
        compression_level=1,
        write_statistics=era.statistics,
    )


def _batches(month: TripMonth, rows: int, progress: Progress) -> Iterator[pa.RecordBatch]:
    for first in range(0, rows, BATCH_ROWS):
        last = min(first + BATCH_ROWS, rows)
        yield _batch(month, rows, np.arange(first, last))
        progress(last)


def _batch(month: TripMonth, rows: int, index: Values) -> pa.RecordBatch:
    """Make the file's rows ``index``: the seed is all that sets one batch apart from another."""
    make, vocabulary = MAKERS[month.service]
    seed = [zlib.crc32(month.service.encode()), month.year, month.month, rows, int(index[0])]
    columns = make(np.random.default_rng(seed), month, index, rows)
    add_dirt(columns, month, index)
    return file_batch(columns, vocabulary, index, month)
