"""The rows of a named file as Arrow batches, in types that COPY can take.

Belongs here: opening parquet and CSV, and TLC's files in their canonical schema. Not here: where
the file comes from (``source.py``) and where the rows go (``load.py``).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.provenance import Provenance
from pipeline.ingest.source import Source
from pipeline.postgres.copy import batches_of, opened
from pipeline.postgres.encode import encodable
from pipeline.schemas import service_schema
from pipeline.schemas.service import Column

if TYPE_CHECKING:
    import pyarrow as pa

CSV_BLOCK_BYTES: Final = 1 << 20
"""A CSV's types are told by its first block; a larger one sees more, and costs memory."""


@dataclass(frozen=True)
class Rows:
    """A schema that COPY can take, rows of it, and how many they are; None where not known.

    ``declared`` are the columns of a TLC file in its canonical schema; of any other, none are.
    """

    schema: "pa.Schema"
    batches: Iterator["pa.RecordBatch"]
    count: int | None
    provenance: Provenance
    declared: Sequence[Column] = ()


@contextmanager
def opened_rows(source: Source, provenance: Provenance) -> Iterator[Rows]:
    """Open the file; one of TLC's in its canonical schema, unless it is to stay as it is.

    Raises:
        Terminal: the file is damaged, or holds what cannot be represented.
    """
    path = source.raw_path(settings.data_dir())
    if source.month is not None:
        path, provenance = _canonical(source, provenance)
    if path.suffix.lower() == ".parquet":
        with opened(path, "check the file") as file:
            rows = file.metadata.num_rows
            yield replace(
                _cast(file.schema_arrow, batches_of(file), rows, provenance),
                declared=_declared(source, provenance),
            )
    else:
        with _readable_csv(source), _csv(path, source.is_compressed) as reader:
            _refuse_other_encodings(source, reader.schema)
            yield _cast(reader.schema, iter(reader), None, provenance)


def _declared(source: Source, provenance: Provenance) -> Sequence[Column]:
    if source.month is None:
        return ()
    return service_schema(source.month.service).extended(provenance.added_columns).columns


def _canonical(source: Source, provenance: Provenance) -> tuple[Path, Provenance]:
    from pipeline.normalize.rewrite import rewrite_month
    from pipeline.normalize.target import CanonicalMonthTarget

    assert source.month is not None
    told = replace(provenance, service=source.month.service, month=source.month.key)
    target = CanonicalMonthTarget(source.month, source.folder(settings.data_dir()))
    done = rewrite_month(told, source.raw_path(settings.data_dir()), target).provenance
    return target.path, replace(done, service=source.service, month=source.key)


def _cast(
    schema: "pa.Schema", batches: Iterator["pa.RecordBatch"], count: int | None,
    provenance: Provenance,
) -> Rows:  # fmt: skip
    wanted = encodable(schema)
    return Rows(wanted, _batches_as(wanted, _bounded(batches)), count, provenance)


def _bounded(batches: Iterator["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
    """Yield batches as long as all of them hold what a file may."""
    size = 0
    for batch in batches:
        size = _checked(size + batch.nbytes)
        yield batch


def _checked(size: int) -> int:
    most = int(settings.source().max_bytes)
    if size > most:
        raise Terminal("the file holds too much",
                       seen=f"more than {most / 1e6:,.0f} MB, unpacked",
                       next_step="raise [source] max_bytes where that is right")  # fmt: skip
    return size


class _Unpacked:
    """What a .gz holds, as pyarrow reads files: no more of it than a file may hold.

    Its lines need not make a batch: empty ones do not.
    """

    closed = False

    def __init__(self, stream: "pa.NativeFile") -> None:
        self._stream = stream
        self._size = 0

    def read(self, size: int) -> bytes:
        piece = bytes(self._stream.read(size))
        self._size = _checked(self._size + len(piece))
        return piece

    def close(self) -> None:
        """Leave the closing to who opened it."""


def _batches_as(
    schema: "pa.Schema", batches: Iterator["pa.RecordBatch"]
) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    for batch in batches:
        try:
            yield batch if batch.schema.equals(schema) else batch.cast(schema)
        except pa.ArrowException as error:
            raise Terminal("a value fits no column type of Postgres", seen=error) from error


@contextmanager
def _csv(path: Path, is_compressed: bool) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=False)
    convert = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    with (
        pa.input_stream(path, compression="gzip" if is_compressed else None) as stream,
        csv.open_csv(
            pa.PythonFile(_Unpacked(stream), "r") if is_compressed else stream,
            read_options=options,
            convert_options=convert,
        ) as reader,
    ):
        yield reader


@contextmanager
def _readable_csv(source: Source) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeError, EOFError, OSError) as error:
        raise Terminal(
            f"{source} does not parse as CSV",
            seen=error,
            expected="rows of at most 1 MB, of the types that its first megabyte shows",
        ) from error


def _refuse_other_encodings(source: Source, schema: "pa.Schema") -> None:
    """Refuse what pyarrow takes for bytes, since it is no text in UTF-8."""
    import pyarrow as pa

    names = [field.name for field in schema if field.type == pa.binary()]
    if names:
        raise Terminal(f"{source} is not UTF-8", seen=f"other bytes in column {', '.join(names)}",
                       next_step="convert it: iconv -f LATIN1 -t UTF-8")  # fmt: skip
