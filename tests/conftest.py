"""Fixtures that every test may use: a sandbox, a user's workspace, the real TLC files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.configuration import configured_for
from support.sandbox import RunningSandbox
from support.workspace import Workspace

from pipeline.core.settings import PROJECT_ROOT

SHARED_TLC = PROJECT_ROOT.parent / "shared" / "tlc"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("TLC_", "PIPELINE_", "LUIGI_")) and name not in KEPT:
            monkeypatch.delenv(name)


KEPT = {"TLC_LIVE_PROJECT", "TLC_CAMPAIGN"}


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
def shared_tlc() -> Path:
    """The folder of real TLC files."""
    if not SHARED_TLC.is_dir():
        pytest.skip("the real TLC files (../shared/tlc) are not beside the checkout")
    return SHARED_TLC
