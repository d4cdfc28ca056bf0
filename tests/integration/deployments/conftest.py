"""Deployments in a workspace, and a publisher that does to each month what its run is to meet."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.deployments import Deployments
from support.publisher import FaultyPublisher
from support.workspace import Workspace


@pytest.fixture
def deployments(workspace: Workspace) -> Deployments:
    return Deployments(workspace)


@pytest.fixture
def publisher() -> Iterator[FaultyPublisher]:
    with FaultyPublisher() as running:
        yield running


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A parquet file, large enough to fall silent in the middle of."""
    path = tmp_path_factory.mktemp("content") / "some.parquet"
    pq.write_table(pa.table({"n": list(range(100_000))}), path, compression="none")
    return Path(path).read_bytes()
