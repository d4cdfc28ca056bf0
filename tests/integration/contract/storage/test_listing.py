"""The contract about listings."""

import uuid
from typing import Any

import pytest
from support.storage_servers import names, put

KEYS = ["a", "a-b", "a/1", "a/2", "a/b/3", "a//4", "a0", "dir/", "dir/x", "x", "x/y", "ü"]


@pytest.fixture(scope="session")
def listed(shared_bucket: Any) -> str:
    """The prefix below which each of KEYS is an object."""
    prefix = f"listed-{uuid.uuid4().hex}/"
    for key in KEYS:
        put(shared_bucket, prefix + key, key.encode())
    return prefix


def test_names_are_listed_in_order_and_each_is_an_object_of_its_own(
    shared_bucket: Any, listed: str
) -> None:
    found = [name.removeprefix(listed) for name in names(shared_bucket, prefix=listed)]
    assert found == sorted(KEYS)
    for key in KEYS:
        assert shared_bucket.blob(listed + key).download_as_bytes() == key.encode()


@pytest.mark.parametrize("page_size", [1, 2, 5])
def test_a_listing_in_pages_is_the_same_listing(
    shared_bucket: Any, listed: str, page_size: int
) -> None:
    pages = [
        [blob.name for blob in page]
        for page in shared_bucket.list_blobs(prefix=listed, page_size=page_size).pages
    ]
    assert all(len(page) <= page_size for page in pages)
    assert [name.removeprefix(listed) for page in pages for name in page] == sorted(KEYS)


@pytest.mark.parametrize("page_size", [None, 1, 3])
def test_a_delimiter_groups_what_lies_below_it(
    shared_bucket: Any, listed: str, page_size: int | None
) -> None:
    found = shared_bucket.list_blobs(prefix=listed, delimiter="/", page_size=page_size)
    assert [blob.name.removeprefix(listed) for blob in found] == ["a", "a-b", "a0", "x", "ü"]
    assert {prefix.removeprefix(listed) for prefix in found.prefixes} == {"a/", "dir/", "x/"}


def test_a_listing_can_begin_and_end_at_names(shared_bucket: Any, listed: str) -> None:
    found = names(
        shared_bucket, prefix=listed, start_offset=f"{listed}a/1", end_offset=f"{listed}a0"
    )
    assert [name.removeprefix(listed) for name in found] == ["a/1", "a/2", "a/b/3"]


def test_a_listing_can_be_limited(shared_bucket: Any, listed: str) -> None:
    assert len(names(shared_bucket, prefix=listed, max_results=3)) == 3


def test_a_listing_of_nothing_is_empty(shared_bucket: Any, name: str) -> None:
    assert names(shared_bucket, prefix=name) == []
