"""The parquet beside a canonical month that holds the rows which could not be represented.

Belongs here: its form, and that it appears whole or not at all. Not here: which rows (``cast.py``,
``conform.py``).
"""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from pipeline.core.files import discard, part_file, publish
from pipeline.core.provenance import Provenance
from pipeline.normalize.cast import decoded, is_text
from pipeline.normalize.conform import Rejected

OWN_FIELDS: Final = (
    pa.field("source_row", pa.int64(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("column", pa.string(), nullable=False),
)


class Quarantine:
    """Writes ``path`` as rows come, and every column of the source as text.

    The columns are ``source_row`` (in the source file, from 0), ``reason`` and ``column``, then
    the source's own; a name that is taken gets underscores. The file exists only after
    :meth:`publish`, and only if there were rows.
    """

    def __init__(self, path: Path, file_schema: pa.Schema) -> None:
        self._schema = _schema(file_schema.names)
        self._path = path
        self._open = ExitStack()
        self._part: BinaryIO | None = None
        self._writer: pq.ParquetWriter | None = None
        self.reasons: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Delete what was not published, also by a killed process."""
        self._open.close()
        discard(self._path)

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return self.reasons.total()

    def add(self, rejected: Rejected, first_row: int) -> None:
        """Write the rows of a batch whose first row is row ``first_row`` of the file."""
        own = (
            pa.array([first_row + position for position in rejected.positions], pa.int64()),
            pa.array(rejected.reasons, pa.string()),
            pa.array(rejected.columns, pa.string()),
        )
        arrays = [*own, *map(as_text, rejected.rows.columns)]
        self._opened().write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.reasons.update(zip(rejected.reasons, rejected.columns, strict=True))

    def publish(self, record: Provenance) -> None:
        """Make the part the file, with the month's record in its footer.

        Without rows, delete the file of an earlier run.
        """
        if self._writer is None or self._part is None:
            self._path.unlink(missing_ok=True)
            return
        self._writer.add_key_value_metadata(record.to_metadata())
        self._writer.close()
        publish(self._part, self._path)

    def _opened(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._part = self._open.enter_context(part_file(self._path))
            self._part.seek(0)
            self._part.truncate()
            self._writer = pq.ParquetWriter(
                self._part, self._schema, compression="zstd", store_schema=False
            )
            self._open.callback(self._writer.close)
        return self._writer


def _schema(source_names: list[str]) -> pa.Schema:
    fields = {field.name: field for field in OWN_FIELDS}
    for name in source_names:
        while name in fields:
            name += "_"
        fields[name] = pa.field(name, pa.string())
    return pa.schema(fields.values())


def as_text(values: pa.Array) -> pa.Array:
    """Return ``values`` as strings, whatever they are; bytes that are no UTF-8 as escapes."""
    if pt.is_dictionary(values.type):
        values = decoded(values)
    try:
        text = values.cast(pa.string())
        text.validate(full=True)
        return text
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raw = values.cast(pa.binary()) if is_text(values.type) else values
        return pa.array([_told(raw[row : row + 1]) for row in range(len(raw))], pa.string())


def _told(single: pa.Array) -> str | None:
    """Return the only value of an array in words."""
    try:
        value = single[0].as_py()
    except (OverflowError, ValueError):
        # Python has no such value: a time beyond its years, or nested text that is no UTF-8.
        return " ".join(single.to_string().split())
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return None if value is None else str(value)
