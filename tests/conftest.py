"""Fixtures that every test may use: a sandbox, a user's workspace, the real TLC files."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import luigi
import pytest
from luigi.task_register import Register
from support.sandbox import RunningSandbox
from support.workspace import Workspace

from pipeline.bigquery import ledger
from pipeline.connections import google
from pipeline.core import settings
from pipeline.core.settings import PROJECT_ROOT
from pipeline.lake import bucket

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
    name = f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("TLC_BASE_URL", f"{sandbox.url}/trip-data")
    settings.load_profile()
    config = luigi.configuration.get_config()
    values = {
        "local": {"data_dir": str(tmp_path / "data")},
        "google": {"endpoint": sandbox.url, "timeout": "20"},
        "lake": {"bucket": name, "create_bucket": "true"},
        "bigquery": {"project": name, "dataset": name},
    }
    for section, pairs in values.items():
        for key, value in pairs.items():
            config.set(section, key, value)
    forget_everything()
    yield tmp_path / "data"
    forget_everything()
    for section, pairs in values.items():
        for key in pairs:
            config.remove_option(section, key)
    config.reload()


def forget_everything() -> None:
    """Forget what a process remembers of its settings and services."""
    Register.clear_instance_cache()
    bucket.forget()
    ledger.forget()
    google._storage_client.cache_clear()
    google._bigquery_client.cache_clear()


@pytest.fixture(scope="session")
def shared_tlc() -> Path:
    """The folder of real TLC files."""
    if not SHARED_TLC.is_dir():
        pytest.skip("the real TLC files (../shared/tlc) are not beside the checkout")
    return SHARED_TLC
