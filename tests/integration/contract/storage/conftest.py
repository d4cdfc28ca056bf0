"""What the pipeline relies on Cloud Storage for, told by Google's own client: the servers.

The same tests run against the sandbox, fake-gcs-server (an independent implementation) and, with
TLC_LIVE_PROJECT set, the real service.
"""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import storage
from support.storage_servers import (
    fake_gcs_server,
    local_client,
    new_bucket,
    remove_bucket,
)

IGNORES_PRECONDITIONS = "fake-gcs-server honours preconditions on uploads only"
FAKE_GCS_SERVER_DIFFERS = {
    "test_a_bucket_that_is_not_empty_cannot_be_deleted": "answers 412",
    "test_a_bucket_keeps_its_labels_and_location": "drops labels, has one location",
    "test_a_patch_merges_metadata_and_null_deletes_a_key": "turns null into ''",
    "test_a_patch_counts_metagenerations": "keeps the metageneration at 1",
    "test_metadata_over_eight_kibibytes_is_refused": "accepts it",
    "test_an_upload_with_a_wrong_checksum_is_refused_and_leaves_the_object": "accepts it",
    "test_a_second_upload_in_one_long_request_is_refused_too": "forgets the precondition",
    "test_an_upload_that_wants_another_generation_needs_an_object": "accepts where there is none",
    "test_a_stale_generation_refuses_a_delete": IGNORES_PRECONDITIONS,
    "test_a_stale_generation_refuses_a_patch": IGNORES_PRECONDITIONS,
    "test_a_stale_generation_refuses_a_download": IGNORES_PRECONDITIONS,
    "test_a_stale_metageneration_refuses_a_patch": IGNORES_PRECONDITIONS,
    "test_a_read_of_another_generation_only_says_not_modified": IGNORES_PRECONDITIONS,
    "test_a_copy_honours_preconditions_on_both_sides": IGNORES_PRECONDITIONS,
}
"""The tests that fake-gcs-server is known to fail, and how: it is no judge of these."""


LIVE = os.environ.get("TLC_LIVE_PROJECT")
SERVERS = ["sandbox", "fake-gcs-server", *(["google"] if LIVE else [])]


@pytest.fixture(scope="session", params=SERVERS)
def client(request: pytest.FixtureRequest) -> Any:
    if request.param == "google":
        made = storage.Client(project=LIVE)
    elif request.param == "sandbox":
        made = local_client(request.getfixturevalue("sandbox").url)
    else:
        made = local_client(request.getfixturevalue("fake_gcs_server_url"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def fake_gcs_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with fake_gcs_server(tmp_path_factory.mktemp("fake-gcs-server")) as url:
        yield url


@pytest.fixture(autouse=True)
def known_differences(request: pytest.FixtureRequest) -> None:
    reason = FAKE_GCS_SERVER_DIFFERS.get(request.node.originalname)
    if reason and "fake-gcs-server" in request.node.name:
        pytest.skip(f"not applicable to fake-gcs-server: {reason}")


@pytest.fixture(scope="session")
def shared_bucket(client: Any) -> Iterator[Any]:
    bucket = new_bucket(client)
    yield bucket
    remove_bucket(bucket)


@pytest.fixture
def name() -> str:
    return f"{uuid.uuid4().hex}/month.parquet"
