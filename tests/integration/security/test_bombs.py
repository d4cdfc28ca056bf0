"""Small files that stand for large ones: refused by what they claim, or as soon as they are more.

What they do to memory is bounded by the batches that files are read in.
"""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.hostile import hostile, ok, said, within
from support.raw_files import files_below

from pipeline.core.errors import Terminal
from pipeline.download.publisher import Publisher
from pipeline.ingest.task import IngestUrlToPostgres

LINES = {"rows": b"1\n", "empty_lines": b"\n", "one_line": b"0"}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_gz_that_holds_more_than_a_file_may_is_given_up_there(place, setting, tmp_path, line):
    setting("source", max_bytes="30000000")
    bomb = tmp_path / "bomb.csv.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(b"n\n")
        for _ in range(200):
            file.write(line * (1_000_000 // len(line)))
    assert bomb.stat().st_size < 2_000_000
    with within(20), pytest.raises(Terminal, match=r"more than .* unpacked|at most 1 MB"):
        IngestUrlToPostgres(url=str(bomb), table_name="trips").run()
    assert {"trips", "trips_new"}.isdisjoint(place.tables())


def test_rows_that_are_repeated_without_end_are_given_up_at_the_limit(place, setting, tmp_path):
    setting("source", max_bytes="30000000")
    bomb = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"n": pa.repeat(7, 5_000_000)}), bomb)
    assert bomb.stat().st_size < 100_000
    with pytest.raises(Terminal, match="the file holds too much; seen: more than 30 MB"):
        IngestUrlToPostgres(url=str(bomb), table_name="trips").run()
    assert {"trips", "trips_new"}.isdisjoint(place.tables())


def varint(number: int) -> bytes:
    """A count as a parquet footer has it."""
    first, rest = number & 0x7F, number >> 7
    return bytes([first | 0x80]) + varint(rest) if rest else bytes([first])


def zigzag(number: int) -> bytes:
    """A signed number as it has it."""
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def footer(rows: int, depth: int = 0) -> bytes:
    """A footer of a column below that many groups, which claims so many rows and has no group."""
    root, group = b"\x48\x01r\x15\x02\x00", b"\x35\x02\x18\x01a\x15\x02\x00"
    leaf = b"\x15\x02\x25\x02\x18\x01a\x00"
    schema = b"\x19\xfc" + varint(depth + 2) + root + group * depth + leaf
    return b"\x15\x02" + schema + b"\x16" + zigzag(rows) + b"\x19\x0c\x00"


def whole(end: bytes, length: int | None = None) -> bytes:
    return b"PAR1" + end + (length or len(end)).to_bytes(4, "little") + b"PAR1"


FOOTERS = {
    "longer_than_the_file": (whole(footer(1), 1 << 23), "footer does not open"),
    "of_four_gigabytes": (whole(footer(1), (1 << 32) - 1), "footer claims 4,294,967,295 bytes"),
    "of_billions_of_rows": (whole(footer(1 << 62)), "footer claims 4,611,686,018,427,387,904 rows"),
    "of_fewer_than_no_rows": (whole(footer(-5)), "footer claims -5 rows"),
    "of_many_levels": (whole(footer(1, 100_000)), "footer does not open"),
    "of_zeros": (whole(bytes(100_000)), "footer does not open"),
}


@pytest.mark.parametrize(("content", "words"), FOOTERS.values(), ids=FOOTERS)
def test_a_footer_that_claims_what_cannot_be_is_refused(month, path, content, words):
    head = ok(f"Content-Length: {len(content)}", 'ETag: "a"')
    with hostile(said(head, content)) as publisher, pytest.raises(Terminal, match=words):
        Publisher(publisher.url).download(month, path)
    assert files_below(path.parent) == []
