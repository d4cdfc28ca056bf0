"""The contract about buckets."""

import os
import uuid
from typing import Any

import pytest
from google.api_core import exceptions
from support.storage_servers import new_bucket, put


def test_the_real_service_is_held_to_the_same_contract() -> None:
    if not os.environ.get("TLC_LIVE_PROJECT"):
        pytest.skip("TLC_LIVE_PROJECT names no project to test in")


def test_a_bucket_exists_from_its_creation_to_its_deletion(client: Any) -> None:
    bucket = new_bucket(client)
    assert client.get_bucket(bucket.name).name == bucket.name
    assert bucket.name in [found.name for found in client.list_buckets()]
    bucket.delete()
    assert not bucket.exists()
    with pytest.raises(exceptions.NotFound):
        client.get_bucket(bucket.name)


def test_a_second_creation_of_a_bucket_is_a_conflict(client: Any, shared_bucket: Any) -> None:
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(shared_bucket.name)


def test_a_bucket_that_is_not_empty_cannot_be_deleted(shared_bucket: Any, name: str) -> None:
    put(shared_bucket, name)
    with pytest.raises(exceptions.Conflict):
        shared_bucket.delete()


def test_a_bucket_keeps_its_labels_and_location(client: Any) -> None:
    bucket = client.bucket(f"tlc-contract-{uuid.uuid4().hex}")
    bucket.labels = {"team": "taxi", "stage": "test"}
    client.create_bucket(bucket, location="EU")
    found = client.get_bucket(bucket.name)
    found.labels = {"team": "taxi"}
    found.patch()
    found = client.get_bucket(bucket.name)
    assert (found.labels, found.location) == ({"team": "taxi"}, "EU")
    found.delete()


def test_an_upload_into_a_missing_bucket_is_not_found(client: Any, name: str) -> None:
    with pytest.raises(exceptions.NotFound):
        put(client.bucket(f"tlc-missing-{uuid.uuid4().hex}"), name)
