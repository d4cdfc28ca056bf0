"""A place in each BigQuery that the contract is held against."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery, storage
from support.warehouse import Place

LIVE = os.environ.get("TLC_LIVE_PROJECT")


@pytest.fixture(params=["sandbox", "google"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A dataset and a bucket of the test's own."""
    if request.param == "sandbox":
        sandbox = request.getfixturevalue("sandbox")
        clients = sandbox.bigquery(), sandbox.storage()
    elif LIVE:
        clients = bigquery.Client(project=LIVE), storage.Client(project=LIVE)
    else:
        pytest.skip("TLC_LIVE_PROJECT names no project to test in")
    made = Place(*clients, tmp_path)
    yield made
    made.close()
    for client in clients:
        client.close()
