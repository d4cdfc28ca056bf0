"""A multipart body yields the same parts however it is cut into chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sandbox.http import Invalid
from pipeline.sandbox.storage.multipart import HEAD_LIMIT, RelatedBody

RELATED = 'multipart/related; boundary="==b=="'


def body_of(content: bytes) -> bytes:
    head = b"--==b==\r\ncontent-type: application/json\r\n\r\n"
    metadata = b'{"name": "n"}\r\n--==b==\r\nContent-Type: text/x; y=z\r\n\r\n'
    return head + metadata + content + b"\r\n--==b==--"


# All that resembles a delimiter, and never one: no sender chooses a boundary that occurs.
pieces = st.lists(st.sampled_from([b"\r\n", b"--", b"==b=", b"\r\n--==b=", b"x"])).map(b"".join)
contents = pieces.filter(lambda content: b"\r\n--==b==" not in content)


@given(content=contents, sizes=st.lists(st.integers(1, 30), min_size=1))
def test_chunks_of_any_size_give_the_same_parts(content: bytes, sizes: list[int]) -> None:
    body, parsed, received = body_of(content), RelatedBody(RELATED), b""
    while body:
        size = sizes[len(body) % len(sizes)]
        received += parsed.feed(body[:size])
        body = body[size:]
    parsed.check_complete()
    assert received == content
    assert (parsed.metadata, parsed.content_type) == (b'{"name": "n"}', "text/x; y=z")


@given(cut=st.integers(1, 9))
def test_a_body_that_is_cut_short_is_refused(cut: int) -> None:
    parsed = RelatedBody(RELATED)
    parsed.feed(body_of(b"content")[: -cut - 2])
    with pytest.raises(Invalid):
        parsed.check_complete()


def test_content_is_not_held_back() -> None:
    parsed = RelatedBody(RELATED)
    assert len(parsed.feed(body_of(bytes(1 << 20))[: 1 << 20])) > (1 << 20) - 200


@pytest.mark.parametrize("body", [b"no delimiter at all", b"--==b==" + bytes(HEAD_LIMIT)])
def test_a_body_without_metadata_is_refused_as_soon_as_that_is_certain(body: bytes) -> None:
    with pytest.raises(Invalid):
        RelatedBody(RELATED).feed(body)


@pytest.mark.parametrize("content_type", ["", "multipart/related", "application/json; boundary=b"])
def test_a_content_type_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(Invalid):
        RelatedBody(content_type)
