"""Files that are odd: what PostgreSQL can hold is loaded as it is, the rest is one line."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import Terminal
from pipeline.postgres.copy import BATCH_BYTES, batches_of, opened

REFUSED = {
    "twice": (pa.table([[1], [2]], names=["a", "A"]), "names are the same, but for case; seen: a"),
    "nameless": (pa.table({"": [1]}), "no name for a column in Postgres; seen: ''"),
    "too_long": (pa.table({"x" * 64: [1]}), "no name for a column .* expected: 1 to 63 bytes"),
    "empty": (pa.table({}), "the file has no columns"),
    "reserved": (pa.table({"ctid": [1]}), '"ctid" conflicts with a system column'),
    "columns": (pa.table({f"c{n}": [n] for n in range(1601)}), "at most 1600 columns"),
    "wide": (pa.table({f"c{n}": [n] for n in range(1600)}), "row is too big: size .* maximum"),
    "struct": (pa.table({"a": [{"b": 1}]}), "column a has a type that cannot .* struct<b: int64>"),
    "nested": (pa.table({"a": [[[1]]]}), "column a has a type that cannot .* list<"),
    "nanosecond": (pa.table({"a": pa.array([1], pa.timestamp("ns"))}), "fits no column type .* 1$"),
    "era": (pa.table({"a": pa.array([-(2**63) + 1], pa.timestamp("us"))}), "fits no column type"),
    "day": (pa.table({"a": pa.array([2**31 - 1], pa.date32())}), "date out of range; .*column a"),
    "bytes": (
        pa.table({"a": pa.array([b"\xff"]).view(pa.string())}),
        "encoding .* 0xff; .*column a",
    ),
}
NOT_CSV = {
    "nothing.csv": (b"", "nothing.csv does not parse as CSV; seen: Empty CSV file"),
    "ragged.csv": (b"a,b\n1,2\n3\n", "ragged.csv does not parse .* Expected 2 columns, got 1"),
    "latin.csv": (b"a,b\n1,\xe9\n", "latin.csv is not UTF-8; seen: other bytes in column b"),
    "long.csv": (b"a\n" + b"x" * (3 << 20), "long.csv does not parse .* rows of at most 1 MB"),
    "cut.csv.gz": (gzip.compress(b"a\n" + b"1\n" * 9999)[:-9], "cut.csv.gz does not parse as CSV"),
    "plain.csv.gz": (b"a\n1\n", "plain.csv.gz does not parse as CSV"),
    "text.parquet": (b"a\n1\n", "text.parquet is no parquet file; .*no PAR1"),
}


@pytest.mark.parametrize(("rows", "words"), REFUSED.values(), ids=REFUSED)
def test_what_no_table_can_hold_is_one_line_and_changes_nothing(place, run, tmp_path, rows, words):
    pq.write_table(rows, tmp_path / "odd.parquet")
    assert_refused(place, run, tmp_path / "odd.parquet", words)


@pytest.mark.parametrize("name", NOT_CSV)
def test_what_is_not_what_its_name_says_is_one_line_and_changes_nothing(place, run, tmp_path, name):
    content, words = NOT_CSV[name]
    (tmp_path / name).write_bytes(content)
    assert_refused(place, run, tmp_path / name, words)


def assert_refused(place, run, path, words):
    with pytest.raises(Terminal, match=words) as refused:
        run(path)
    assert "\n" not in str(refused.value)
    assert {"trips", "trips_new"}.isdisjoint(place.tables())
    if "_loads" in place.tables():
        assert place.query("SELECT * FROM {s}._loads") == []


def test_a_file_without_rows_makes_an_empty_table_once(place, run, tmp_path):
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    (tmp_path / "none.csv").write_bytes(b"\xef\xbb\xbfn\r\n")
    for name in ("none.parquet", "none.csv"):
        table = name.replace(".", "_")
        assert run(tmp_path / name, table) and not run(tmp_path / name, table)
        assert place.query(f"SELECT n FROM {{s}}.{table}") == []


def test_names_are_kept_whatever_they_are_but_for_case(place, run, tmp_path):
    names = ['a "b" %s {c}', "ünï", "select", "a:b", "x" * 63]
    pq.write_table(pa.table({name.upper(): [1] for name in names}), tmp_path / "odd.parquet")
    assert run(tmp_path / "odd.parquet", 'a "table"')
    told = place.query('SELECT to_jsonb(t) FROM {s}."a ""table""" AS t')
    assert told == [({name: 1 for name in names},)]


def test_a_name_in_capitals_tells_the_same(place, run, tmp_path):
    (tmp_path / "N.CSV.GZ").write_bytes(gzip.compress(b"n\n1\n"))
    pq.write_table(pa.table({"n": [1]}), tmp_path / "N.PARQUET")
    for name in ("N.CSV.GZ", "N.PARQUET"):
        assert run(tmp_path / name, name)
        assert place.query(f'SELECT n FROM {{s}}."{name}"') == [(1,)]


def test_a_long_text_is_kept_whole(place, run, tmp_path):
    text = "é" * 10_000_000
    pq.write_table(pa.table({"n": [1, 2, 3], "t": ["a", text, None]}), tmp_path / "long.parquet")
    run(tmp_path / "long.parquet")
    sql = "SELECT n, length(t), md5(t) = md5(repeat('é', 10000000)) FROM {s}.trips ORDER BY n"
    assert place.query(sql) == [(1, 1, False), (2, 10_000_000, True), (3, None, None)]


@pytest.mark.parametrize("text", [["a long text " * 400], [f"{n:05}" * 1000 for n in range(500)]])
def test_batches_are_of_some_megabytes_however_long_the_rows_are(tmp_path, text):
    rows = (text * 20_000)[:20_000]
    pq.write_table(pa.table({"n": range(20_000), "t": rows}), tmp_path / "long.parquet")
    with opened(tmp_path / "long.parquet") as file:
        sizes = [(batch.num_rows, batch.nbytes) for batch in batches_of(file)]
    assert sum(rows for rows, _ in sizes) == 20_000
    assert max(size for _, size in sizes) < 2 * BATCH_BYTES
