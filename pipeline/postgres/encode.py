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

MOST_DIGITS: Final = 38
"""Of a decimal that has a binary form here."""

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
    name = _binary_type(field)
    if name.endswith("[]") and not pt.is_nested(kind.value_type):
        return dialect.ARRAY(column_type(field.with_type(kind.value_type)))
    if name not in TYPE_NAMES:
        raise Terminal(f"column {field.name} has a type that cannot be loaded", seen=kind,
                       next_step="leave the column out of the file, or make it text")  # fmt: skip
    made: TypeEngine[Any] = getattr(dialect, TYPE_NAMES[name])()
    return made


def _binary_type(field: "pa.Field") -> str:
    """Return the encoder's name of the type that the column's bytes are of; empty without any."""
    import pyarrow as pa
    from pgpq import ArrowToPostgresBinaryEncoder

    try:
        schema = ArrowToPostgresBinaryEncoder(pa.schema([field])).schema()
    except ValueError:
        return ""
    return str(schema.columns[0].data_type.ddl())


def without_binary_form(schema: "pa.Schema") -> "pa.Field | None":
    """Return the first column for which all have to go as CSV, if there is one."""
    return next((field for field in schema if not _binary_type(field)), None)


def format_of(schema: "pa.Schema") -> str:
    """Return ``BINARY``, or ``CSV`` where one of the types has no binary form here."""
    return BINARY if without_binary_form(schema) is None else CSV


def encoded(
    schema: "pa.Schema", batches: Iterable["pa.RecordBatch"], tell: Tell
) -> Iterator[bytes]:
    """Yield rows of that encodable schema as COPY reads them, a batch at a time; no part is empty.

    ``tell`` hears of each batch once it was taken.

    Raises:
        Terminal: a value or, beside one that goes as CSV, a column has no form there.
    """
    encoder = _Binary(schema) if format_of(schema) == BINARY else _Csv(schema)
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
        try:
            return bytes(self._encoder.write_batch(batch))
        except ValueError as error:
            raise Terminal("a value fits no column type of Postgres", seen=error) from error

    def tail(self) -> bytes:
        return bytes(self._encoder.finish())


class _Csv:
    def __init__(self, schema: "pa.Schema") -> None:
        import pyarrow.types as pt

        for field in schema:
            if pt.is_nested(field.type):
                raise Terminal(
                    f"column {field.name} has a type that cannot be loaded beside others as CSV",
                    seen=field.type,
                    next_step="leave the column out of the file, or make it text",
                )

    def head(self) -> bytes:
        return b""

    def body(self, batch: "pa.RecordBatch") -> bytes:
        import pyarrow as pa
        from pyarrow import csv

        sink = pa.BufferOutputStream()
        columns = [_told(column) for column in batch.columns]
        told = pa.record_batch(columns, names=batch.schema.names)
        # Text is quoted and null is not: so COPY tells an empty text from none.
        csv.write_csv(told, sink, csv.WriteOptions(include_header=False))
        return bytes(sink.getvalue())

    def tail(self) -> bytes:
        return b""


def _told(column: "pa.Array") -> "pa.Array":
    """Return the column so that Arrow writes as CSV what Postgres reads as the same."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    kind = column.type
    if pt.is_duration(kind):  # Arrow writes a bare number, which Postgres reads as seconds
        number = column.cast(pa.duration("us")).cast(pa.int64()).cast(pa.string())
        return pc.binary_join_element_wise(number, "microseconds", " ")
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind):
        told = (None if value is None else rf"\x{value.hex()}" for value in column.to_pylist())
        return pa.array(told, pa.string())
    return column.cast(pa.string()) if kind == pa.string_view() else column


def _encodable(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        return _encodable(kind.value_type)
    if pt.is_list(kind):
        return pa.list_(kind.value_field.with_type(_encodable(kind.value_type)))
    if pt.is_decimal256(kind) and kind.precision <= MOST_DIGITS:
        return pa.decimal128(kind.precision, kind.scale)
    if pt.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    same = {pa.null(): pa.string(), pa.date64(): pa.date32(), pa.time64("ns"): pa.time64("us"),
            pa.duration("ns"): pa.duration("us"), pa.binary_view(): pa.binary()}  # fmt: skip
    return same.get(kind, kind)
