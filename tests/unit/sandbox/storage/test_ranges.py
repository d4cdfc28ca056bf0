"""Which bytes the two range headers mean."""

import pytest

from pipeline.sandbox.http import ApiError, NotImplementedHere
from pipeline.sandbox.storage.ranges import ChunkRange, byte_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=8-100", range(8, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-100", range(10)),
        ("bytes=4-2", None),
        ("bytes=-", None),
        ("lines=1-2", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, expected: range | None) -> None:
    assert byte_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_without_a_byte_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(ApiError) as raised:
        byte_range(header, size)
    assert raised.value.status_code == 416


def test_several_ranges_are_not_implemented() -> None:
    with pytest.raises(NotImplementedHere):
        byte_range("bytes=0-1,3-4", 10)


@pytest.mark.parametrize(
    ("header", "length", "expected", "is_last"),
    [
        (None, 5, ChunkRange(range(5), 5), True),
        ("bytes 0-4/*", 5, ChunkRange(range(5), None), False),
        ("bytes 5-9/10", 5, ChunkRange(range(5, 10), 10), True),
        ("bytes */10", 0, ChunkRange(None, 10), False),
        ("bytes */*", 0, ChunkRange(None, None), False),
    ],
)
def test_a_chunk_lies_where_its_header_says(
    header: str | None, length: int, expected: ChunkRange, is_last: bool
) -> None:
    chunk = ChunkRange.from_header(header, length)
    assert (chunk, chunk.is_last) == (expected, is_last)
