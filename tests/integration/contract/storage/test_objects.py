"""The contract about uploads, downloads, metadata and copies."""

import base64
import hashlib
import io
import os
from typing import Any

import google_crc32c
import pytest
from google.api_core import exceptions
from support.storage_servers import CHUNK, SMALL, put


def test_an_object_is_what_was_uploaded(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name)
    blob.metadata = {"tlc_service": "yellow", "umlaut": "über"}
    blob.upload_from_string(SMALL, content_type="application/vnd.apache.parquet")
    found = shared_bucket.get_blob(name)
    assert found.download_as_bytes() == SMALL
    assert found.content_type == "application/vnd.apache.parquet"
    assert found.metadata == {"tlc_service": "yellow", "umlaut": "über"}
    assert (found.size, found.name, found.bucket.name) == (len(SMALL), name, shared_bucket.name)


def test_an_upload_tells_generation_and_checksums(shared_bucket: Any, name: str) -> None:
    blob = put(shared_bucket, name)
    assert blob.generation > 0
    assert blob.metageneration == 1
    assert blob.crc32c == base64.b64encode(google_crc32c.Checksum(SMALL).digest()).decode()
    assert blob.md5_hash == base64.b64encode(hashlib.md5(SMALL).digest()).decode()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_a_resumable_upload_in_chunks_arrives_whole(
    shared_bucket: Any, name: str, size: int
) -> None:
    content = os.urandom(size)
    blob = shared_bucket.blob(name, chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(content), checksum="crc32c")
    assert blob.size == size
    assert shared_bucket.blob(name).download_as_bytes(checksum="md5") == content


def test_a_resumable_upload_of_unknown_size_arrives_whole(shared_bucket: Any, name: str) -> None:
    content = os.urandom(3 * CHUNK + 5)
    with shared_bucket.blob(name, chunk_size=CHUNK).open("wb", ignore_flush=True) as file:
        file.write(content)
    assert shared_bucket.get_blob(name).download_as_bytes() == content


def test_a_resumable_upload_keeps_its_metadata(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name, chunk_size=CHUNK)
    blob.metadata = {"tlc_rows_kept": "7"}
    blob.upload_from_file(io.BytesIO(bytes(2 * CHUNK)), content_type="text/plain")
    found = shared_bucket.get_blob(name)
    assert (found.metadata, found.content_type) == ({"tlc_rows_kept": "7"}, "text/plain")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 3, b"trip"),
        (5, None, b"records"),
        (None, 3, b"trip"),
        (-7, None, b"records"),
        (0, 10_000, SMALL),
        (11, 11, b"s"),
    ],
)
def test_a_range_of_an_object_can_be_downloaded(
    shared_bucket: Any, name: str, start: int | None, end: int | None, expected: bytes
) -> None:
    blob = put(shared_bucket, name)
    assert blob.download_as_bytes(start=start, end=end) == expected


def test_a_range_behind_the_end_cannot_be_downloaded(shared_bucket: Any, name: str) -> None:
    blob = put(shared_bucket, name)
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=len(SMALL))


def test_an_object_can_be_read_like_a_file(shared_bucket: Any, name: str) -> None:
    put(shared_bucket, name, bytes(range(256)) * 4000)
    with shared_bucket.blob(name).open("rb", chunk_size=CHUNK) as file:
        file.seek(-256, os.SEEK_END)
        assert file.read() == bytes(range(256))


def test_what_is_missing_is_not_found(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name)
    assert not blob.exists()
    assert shared_bucket.get_blob(name) is None
    blob.metadata = {"a": "b"}
    for call in (blob.download_as_bytes, blob.reload, blob.patch, blob.delete):
        with pytest.raises(exceptions.NotFound):
            call()


def test_an_upload_with_a_wrong_checksum_is_refused_and_leaves_the_object(
    shared_bucket: Any, name: str
) -> None:
    put(shared_bucket, name)
    blob = shared_bucket.blob(name)
    blob.md5_hash = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with pytest.raises(exceptions.BadRequest):
        blob.upload_from_string(b"cut sho", checksum=None)
    assert shared_bucket.blob(name).download_as_bytes() == SMALL


def test_metadata_over_eight_kibibytes_is_refused(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name)
    blob.metadata = {"key": "v" * 8189}
    blob.upload_from_string(SMALL)
    blob.metadata = {"key": "v" * 8190}
    with pytest.raises(exceptions.BadRequest):
        blob.patch()


def test_a_patch_merges_metadata_and_null_deletes_a_key(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name)
    blob.metadata = {"kept": "1", "changed": "1", "deleted": "1"}
    blob.upload_from_string(SMALL)
    blob.metadata = {"changed": "2", "deleted": None, "added": "2"}
    blob.patch()
    expected = {"kept": "1", "changed": "2", "added": "2"}
    assert shared_bucket.get_blob(name).metadata == expected


def test_a_patch_counts_metagenerations(shared_bucket: Any, name: str) -> None:
    blob = put(shared_bucket, name)
    generation = blob.generation
    blob.metadata = {"a": "b"}
    blob.patch()
    found = shared_bucket.get_blob(name)
    assert (found.generation, found.metageneration) == (generation, 2)
    assert put(shared_bucket, name).metageneration == 1


def test_a_stale_metageneration_refuses_a_patch(shared_bucket: Any, name: str) -> None:
    blob = put(shared_bucket, name)
    blob.metadata = {"a": "b"}
    blob.patch(if_metageneration_match=1)
    blob.metadata = {"a": "c"}
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=1)


def test_a_copy_has_the_bytes_and_metadata_of_its_source(shared_bucket: Any, name: str) -> None:
    blob = shared_bucket.blob(name)
    blob.metadata = {"a": "b"}
    blob.upload_from_string(SMALL, content_type="text/plain")
    made = shared_bucket.copy_blob(blob, shared_bucket, f"{name}.copy")
    blob.delete()
    found = shared_bucket.get_blob(made.name)
    assert found.download_as_bytes() == SMALL
    assert (found.metadata, found.content_type) == ({"a": "b"}, "text/plain")


def test_a_rewrite_is_done_in_one_step(shared_bucket: Any, name: str) -> None:
    source = put(shared_bucket, name)
    target = shared_bucket.blob(f"{name}.rewritten")
    assert target.rewrite(source) == (None, len(SMALL), len(SMALL))
    assert target.download_as_bytes() == SMALL


def test_a_copy_honours_preconditions_on_both_sides(shared_bucket: Any, name: str) -> None:
    source = put(shared_bucket, name)
    copy = f"{name}.copy"
    shared_bucket.copy_blob(source, shared_bucket, copy, if_generation_match=0)
    for stale in ({"if_generation_match": 0}, {"if_source_generation_match": 1}):
        with pytest.raises(exceptions.PreconditionFailed):
            shared_bucket.copy_blob(source, shared_bucket, copy, **stale)
