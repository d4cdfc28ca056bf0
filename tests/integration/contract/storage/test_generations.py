"""The contract about generations and preconditions."""

import io
import threading
from typing import Any

import pytest
from google.api_core import exceptions
from support.storage_servers import CHUNK, names, new_bucket, put, remove_bucket


def test_generations_increase(shared_bucket: Any, name: str) -> None:
    seen = [put(shared_bucket, name, str(turn).encode()).generation for turn in range(4)]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("chunk", [None, CHUNK], ids=["multipart", "resumable"])
def test_a_second_upload_with_generation_zero_is_refused(
    shared_bucket: Any, name: str, chunk: int | None
) -> None:
    upload_with_generation_zero(shared_bucket, name, b"first" * CHUNK, chunk)
    with pytest.raises(exceptions.PreconditionFailed):
        upload_with_generation_zero(shared_bucket, name, b"second" * CHUNK, chunk)
    assert shared_bucket.blob(name).download_as_bytes() == b"first" * CHUNK


def test_a_second_upload_in_one_long_request_is_refused_too(shared_bucket: Any, name: str) -> None:
    upload_with_generation_zero(shared_bucket, name, bytes(9 << 20))
    with pytest.raises(exceptions.PreconditionFailed):
        upload_with_generation_zero(shared_bucket, name, bytes(9 << 20))


def upload_with_generation_zero(
    bucket: Any, name: str, content: bytes, chunk: int | None = None
) -> None:
    """Upload in one multipart request, or above 8 MiB or with a chunk size resumably."""
    blob = bucket.blob(name, chunk_size=chunk)
    blob.upload_from_file(io.BytesIO(content), size=len(content), if_generation_match=0)


def test_an_upload_replaces_exactly_the_generation_it_names(shared_bucket: Any, name: str) -> None:
    first = put(shared_bucket, name).generation
    second = put(shared_bucket, name, b"second", if_generation_match=first).generation
    with pytest.raises(exceptions.PreconditionFailed):
        put(shared_bucket, name, b"third", if_generation_match=first)
    found = shared_bucket.get_blob(name)
    assert (found.generation, found.download_as_bytes()) == (second, b"second")


def test_an_upload_of_a_named_generation_needs_an_object(shared_bucket: Any, name: str) -> None:
    with pytest.raises(exceptions.PreconditionFailed):
        put(shared_bucket, name, if_generation_match=1)
    assert not shared_bucket.blob(name).exists()


@pytest.mark.parametrize("unwanted", [0, 1])
def test_an_upload_that_wants_another_generation_needs_an_object(
    shared_bucket: Any, name: str, unwanted: int
) -> None:
    with pytest.raises(exceptions.PreconditionFailed):
        put(shared_bucket, name, if_generation_not_match=unwanted)
    put(shared_bucket, name)
    put(shared_bucket, name, if_generation_not_match=unwanted)


def test_of_many_uploads_at_once_with_generation_zero_exactly_one_wins(
    client: Any, shared_bucket: Any, name: str
) -> None:
    outcomes: list[str] = []

    def upload(content: str) -> None:
        blob = client.bucket(shared_bucket.name).blob(name)
        try:
            blob.upload_from_string(content, if_generation_match=0)
            outcomes.append(content)
        except exceptions.PreconditionFailed:
            pass

    threads = [threading.Thread(target=upload, args=[f"upload {n}"]) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert shared_bucket.blob(name).download_as_bytes().decode() == outcomes[0]


def test_a_stale_generation_refuses_a_delete(shared_bucket: Any, name: str) -> None:
    stale = put(shared_bucket, name).generation
    live = put(shared_bucket, name).generation
    with pytest.raises(exceptions.PreconditionFailed):
        shared_bucket.blob(name).delete(if_generation_match=stale)
    shared_bucket.blob(name).delete(if_generation_match=live)
    assert not shared_bucket.blob(name).exists()


def test_a_stale_generation_refuses_a_patch(shared_bucket: Any, name: str) -> None:
    stale = put(shared_bucket, name).generation
    put(shared_bucket, name)
    blob = shared_bucket.blob(name)
    blob.metadata = {"late": "yes"}
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_generation_match=stale)
    assert shared_bucket.get_blob(name).metadata is None


def test_a_stale_generation_refuses_a_download(shared_bucket: Any, name: str) -> None:
    stale = put(shared_bucket, name).generation
    put(shared_bucket, name)
    with pytest.raises(exceptions.PreconditionFailed):
        shared_bucket.blob(name).download_as_bytes(if_generation_match=stale)
    with pytest.raises(exceptions.PreconditionFailed):
        shared_bucket.blob(name).reload(if_generation_match=stale)


def test_a_read_of_another_generation_only_says_not_modified(shared_bucket: Any, name: str) -> None:
    blob = put(shared_bucket, name)
    with pytest.raises(exceptions.NotModified):
        shared_bucket.blob(name).download_as_bytes(if_generation_not_match=blob.generation)
    with pytest.raises(exceptions.NotModified):
        shared_bucket.blob(name).reload(if_metageneration_not_match=1)


def test_a_replaced_generation_is_gone(shared_bucket: Any, name: str) -> None:
    old = put(shared_bucket, name).generation
    put(shared_bucket, name, b"new")
    with pytest.raises(exceptions.NotFound):
        shared_bucket.blob(name, generation=old).download_as_bytes()


def test_a_versioned_bucket_keeps_replaced_and_deleted_generations(client: Any) -> None:
    bucket = new_bucket(client, versioning_enabled=True)
    first = put(bucket, "x", b"first").generation
    second = put(bucket, "x", b"second").generation
    bucket.blob("x").delete()
    assert not bucket.blob("x").exists()
    for generation, content in ((first, b"first"), (second, b"second")):
        assert bucket.blob("x", generation=generation).download_as_bytes() == content
    assert names(bucket) == []
    remove_bucket(bucket)
    assert not bucket.exists()
