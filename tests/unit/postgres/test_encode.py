"""What COPY reads: no part is empty before the end, and each type has its bytes or none."""

from datetime import timedelta

import pyarrow as pa
import pytest

from pipeline.core.errors import Terminal
from pipeline.postgres.encode import BINARY, CSV, column_type, encodable, encoded, format_of

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])
WIDE = pa.field("wide", pa.decimal256(50, 0))
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0", b"\xff\xff"


def batches(*sizes):
    return [pa.record_batch([pa.array(range(size)), pa.array(["x"] * size)], schema=SCHEMA)
            for size in sizes]  # fmt: skip


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (1, 1), (8192, 1), (70_000, 3, 0, 70_000)])
def test_no_part_is_empty_and_all_rows_are_told(sizes):
    told = []
    parts = [*encoded(SCHEMA, batches(*sizes), lambda rows, size: told.append(rows))]
    assert all(parts)
    assert b"".join(parts).startswith(HEADER) and parts[-1].endswith(TRAILER)
    assert told == [sum(sizes[: n + 1]) for n in range(len(sizes))]


def test_a_schema_goes_as_csv_where_one_type_has_no_binary_form():
    wide = pa.schema([("wide", pa.decimal256(50, 0)), ("text", pa.string())])
    assert (format_of(SCHEMA), format_of(wide)) == (BINARY, CSV)
    batch = pa.record_batch([pa.array([None, 1], wide[0].type), ["", None]], schema=wide)
    assert b"".join(encoded(wide, [batch], lambda rows, size: None)) == b',""\n1,\n'


def test_csv_tells_what_arrow_would_tell_in_another_meaning():
    told = [pa.array([timedelta(seconds=5), None]), pa.array([b"\0", b""]),
            pa.array(["", None], pa.string_view())]  # fmt: skip
    batch = pa.record_batch([pa.array([None, 1], WIDE.type), *told], names=["wide", *"abc"])
    text = b"".join(encoded(batch.schema, [batch], lambda rows, size: None))
    assert text == b',"5000000 microseconds","\\x00",""\n1,,"\\x",\n'


def test_a_list_beside_what_goes_as_csv_is_refused_by_its_column():
    schema = pa.schema([WIDE, ("many", pa.list_(pa.int64()))])
    with pytest.raises(Terminal, match=r"column many .* beside others as CSV; seen: list"):
        next(encoded(schema, [], lambda rows, size: None))


def test_a_value_that_has_no_bytes_is_refused():
    batch = pa.record_batch([pa.array([-(2**63) + 1], pa.timestamp("us"))], names=["at"])
    with pytest.raises(Terminal, match="a value fits no column type of Postgres; seen: "):
        [*encoded(batch.schema, [batch], lambda rows, size: None)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (pa.uint8(), "SMALLINT"),
        (pa.uint64(), "NUMERIC"),
        (pa.float32(), "REAL"),
        (pa.dictionary(pa.int8(), pa.large_string()), "TEXT"),
        (pa.null(), "TEXT"),
        (pa.timestamp("ns"), "TIMESTAMP WITHOUT TIME ZONE"),
        (pa.timestamp("s", "UTC"), "TIMESTAMP WITH TIME ZONE"),
        (pa.date64(), "DATE"),
        (pa.decimal256(50, 2), "NUMERIC"),
        (pa.decimal256(38, 2), "NUMERIC"),
        (pa.binary_view(), "BYTEA"),
        (pa.list_(pa.int32()), "INTEGER[]"),
        (pa.list_(pa.timestamp("ns", "UTC")), "TIMESTAMP WITH TIME ZONE[]"),
        (pa.list_(pa.dictionary(pa.int8(), pa.string())), "TEXT[]"),
    ],
    ids=str,
)
def test_each_type_has_a_column_type(kind, told):
    from sqlalchemy.dialects.postgresql import dialect

    [field] = encodable(pa.schema([("x", kind)]))
    assert column_type(field).compile(dialect()) == told


@pytest.mark.parametrize(
    "kind",
    [
        pa.struct([("a", pa.int64())]),
        pa.map_(pa.string(), pa.int8()),
        pa.list_(pa.list_(pa.int8())),
        pa.list_(WIDE.type),
    ],
    ids=str,
)
def test_a_type_that_postgres_has_not_is_refused_by_its_column(kind):
    with pytest.raises(Terminal, match="column x has a type that cannot be loaded; seen: "):
        column_type(pa.field("x", kind))
