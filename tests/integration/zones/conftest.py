"""A publisher of zones, and one dataset for all tests: each begins without zones."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import NotFound
from support.configuration import configured_for
from support.publisher import FaultyPublisher, headers
from support.zones import Zones, execute

from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.zones.lookup import ZONE_LOOKUP


@pytest.fixture(scope="module")
def place(sandbox, tmp_path_factory) -> Iterator[Path]:
    """The data folder that goes with a bucket and a dataset."""
    data_dir = tmp_path_factory.mktemp("zones") / "data"
    with configured_for(sandbox, data_dir, source={"attempts": "2", "max_backoff": "0.01"}):
        yield data_dir


@pytest.fixture
def publisher(place, monkeypatch) -> Iterator[FaultyPublisher]:
    with FaultyPublisher() as running:
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        remove_zones(place)
        yield running


@pytest.fixture
def zones(publisher, request) -> Zones:
    """The lookup, published, in a version of the test's own."""
    served = publisher.serve(b"", ZONE_LOOKUP.url("").rpartition("/")[2])
    served.always = headers(content_type="text/csv")
    return Zones(served, borough=request.node.name)


def remove_zones(data_dir: Path) -> None:
    """Remove the zones from local disk, lake and ledger, as who wants them anew does."""
    shutil.rmtree(data_dir, ignore_errors=True)
    try:
        storage_client().bucket(settings.lake().bucket).blob(ZONE_LOOKUP.object_name).delete()
        execute("DELETE FROM _loads WHERE service = 'zones'")
    except NotFound:
        pass  # The first test's: there is nothing yet.


@pytest.fixture
def remove(place):
    return lambda: remove_zones(place)
