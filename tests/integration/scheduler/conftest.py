"""A luigid for each test, and the workspace whose runs it schedules."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.luigid import Luigid
from support.workspace import Workspace

SILENCE = 3
"""Seconds after which a worker is dead: shorter than shipped, so that the tests are quick."""


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    running = Luigid(tmp_path, worker_disconnect_delay=SILENCE)
    yield running
    running.stop()


@pytest.fixture
def scheduled(workspace: Workspace, luigid: Luigid) -> Workspace:
    workspace.set("core", scheduler_port=luigid.port)
    return workspace
