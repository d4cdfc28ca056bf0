"""Arrow batches as the bytes that COPY reads: binary, or CSV where a type has no binary form here.

Belongs here: which types go how, and the bytes. Not here: files, tables and the COPY itself.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.errors import Terminal

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.types import TypeEngine

BINARY: Final = "FORMAT binary"
CSV: Final = "FORMAT csv"

TYPE_NAMES: Final = {
    "INT2": "SMALLINT",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "FLOAT4": "REAL",
    "FLOAT8": "DOUBLE_PRECISION",
    "NUMERIC": "NUMERIC",
    "BOOL": "BOOLEAN",
    "TEXT": "TEXT",
    "BYTEA": "BYTEA",
    "DATE": "DATE",
    "TIME": "TIME",
    "INTERVAL": "INTERVAL",
}
"""SQLAlchemy's names of the types that the encoder has bytes for, by its own."""

Tell = Callable[[int, int], None]
"""Called with the rows and bytes that were sent so far."""


def encodable(schema: "pa.Schema") -> "pa.Schema":
    """Return the schema that batches are to be cast to: what is left out says the same in another
    type, but for a nanosecond's fraction, which no cast here drops."""
    import pyarrow as pa

    return pa.schema([field.with_type(_encodable(field.type)) for field in schema])


def column_type(field: "pa.Field") -> "TypeEngine[Any]":
    """Return the Postgres type of an encodable column: the one that its bytes are of.

    Raises:
        Terminal: Postgres has no such type, or none that this pipeline can fill.
    """
    import pyarrow.types as pt
    from sqlalchemy.dialects import postgresql as dialect

    kind = field.type
    if pt.is_timestamp(kind):
        return dialect.TIMESTAMP(timezone=kind.tz is not None)
    if pt.is_decimal(kind):
        return dialect.NUMERIC()
    name, brackets = _binary_type(field).removesuffix("[]"), _binary_type(field).endswith("[]")
    if name not in TYPE_NAMES or (pt.is_nested(kind) and not brackets):
        raise Terminal(f"column {field.name} has a type that cannot be loaded", seen=kind,
                       next_step="leave the column out of the file, or make it text")  # fmt: skip
    made = getattr(dialect, TYPE_NAMES[name])()
    return dialect.ARRAY(made) if brackets else made


def _binary_type(field: "pa.Field") -> str:
    import pyarrow as pa
    from pgpq import ArrowToPostgresBinaryEncoder

    try:
        schema = ArrowToPostgresBinaryEncoder(pa.schema([field])).schema()
    except ValueError:
        return ""
    return str(schema.columns[0].data_type.ddl())


def format_of(schema: "pa.Schema") -> str:
    """Return ``BINARY``, or ``CSV`` where one of the types has no binary form here."""
    from pgpq import ArrowToPostgresBinaryEncoder

    try:
        ArrowToPostgresBinaryEncoder(schema)
    except ValueError:
        return CSV
    return BINARY


def encoded(
    schema: "pa.Schema", batches: Iterable["pa.RecordBatch"], tell: Tell
) -> Iterator[bytes]:
    """Yield rows of that encodable schema as COPY reads them, a batch at a time; no part is empty.

    ``tell`` hears of each batch once it was taken.
    """
    encoder = _Binary(schema) if format_of(schema) == BINARY else _Csv()
    rows = size = 0
    yield from filter(None, [encoder.head()])
    for batch in batches:
        part = encoder.body(batch)
        rows, size = rows + batch.num_rows, size + len(part)
        if part:  # The encoder may keep a small batch until the next; an empty part is the end.
            yield part
        tell(rows, size)
    yield from filter(None, [encoder.tail()])


class _Binary:
    def __init__(self, schema: "pa.Schema") -> None:
        from pgpq import ArrowToPostgresBinaryEncoder

        self._encoder = ArrowToPostgresBinaryEncoder(schema)

    def head(self) -> bytes:
        return bytes(self._encoder.write_header())

    def body(self, batch: "pa.RecordBatch") -> bytes:
        return bytes(self._encoder.write_batch(batch))

    def tail(self) -> bytes:
        return bytes(self._encoder.finish())


class _Csv:
    def head(self) -> bytes:
        return b""

    def body(self, batch: "pa.RecordBatch") -> bytes:
        import pyarrow as pa
        from pyarrow import csv

        sink = pa.BufferOutputStream()
        # Text is quoted and null is not: so COPY tells an empty text from none.
        csv.write_csv(batch, sink, csv.WriteOptions(include_header=False))
        return bytes(sink.getvalue())

    def tail(self) -> bytes:
        return b""


def _encodable(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        return _encodable(kind.value_type)
    if pt.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    same = {pa.null(): pa.string(), pa.date64(): pa.date32(), pa.time64("ns"): pa.time64("us"),
            pa.duration("ns"): pa.duration("us")}  # fmt: skip
    return same.get(kind, kind)
