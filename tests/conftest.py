"""Fixtures that every test may use: a sandbox, a user's workspace, the real TLC files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.configuration import configured_for
from support.postgres import PostgresUnderTest, copied_cluster, given_server, started
from support.sandbox import RunningSandbox
from support.workspace import Workspace

from pipeline.core import run_id
from pipeline.core.settings import PROJECT_ROOT
from pipeline.sandbox.postgres import cluster

SHARED_TLC = PROJECT_ROOT.parent / "shared" / "tlc"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("TLC_", "PIPELINE_", "LUIGI_", "PG")) and name not in KEPT:
            monkeypatch.delenv(name)
    os.environ.pop(run_id.VARIABLE, None)


KEPT = {"TLC_LIVE_PROJECT", "TLC_CAMPAIGN", "TLC_TEST_POSTGRES_URL", "TLC_TEST_CHROMIUM",
        "TLC_TEST_SCREENSHOTS"}  # fmt: skip


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for a whole run: use names of your own."""
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "shared")
    yield running
    running.stop()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox that a test may kill."""
    running = RunningSandbox(tmp_path / "own")
    yield running
    running.stop()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A user's working place with a sandbox of its own."""
    place = Workspace(tmp_path)
    yield place
    place.close()


@pytest.fixture
def configured(
    tmp_path: Path, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """This process's settings: a data folder, bucket, project and dataset of the test's own."""
    monkeypatch.setenv("TLC_BASE_URL", f"{sandbox.url}/trip-data")
    with configured_for(sandbox, tmp_path / "data"):
        yield tmp_path / "data"


@pytest.fixture(scope="session")
def empty_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a PostgreSQL server that never ran, to be copied."""
    home = tmp_path_factory.mktemp("cluster")
    with (home / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        # A thousand small files on a busy disk: seconds, or a minute. No test cuts the power.
        patch.setattr(cluster, "FORMAT", [*cluster.FORMAT, "--no-sync"])
        cluster.make_cluster(home, inherit=lock.fileno())
    (home / "lock").unlink()
    return home


@pytest.fixture(scope="session")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[PostgresUnderTest]:
    """A fresh database for a whole run, on the sandbox's server or on TLC_TEST_POSTGRES_URL."""
    given = given_server(tmp_path_factory.mktemp("given"))
    if given is None:
        home = tmp_path_factory.mktemp("postgres") / "shared"
        given = started(copied_cluster(request.getfixturevalue("empty_cluster"), home))
    with given.fresh_database() as database:
        yield database
    given.stop()


@pytest.fixture
def own_postgres(tmp_path: Path, empty_cluster: Path) -> Iterator[PostgresUnderTest]:
    """A PostgreSQL server of the sandbox's kind that a test may kill."""
    server = started(copied_cluster(empty_cluster, tmp_path / "postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_tlc() -> Path:
    """The folder of real TLC files."""
    if not SHARED_TLC.is_dir():
        pytest.skip("the real TLC files (../shared/tlc) are not beside the checkout")
    return SHARED_TLC
