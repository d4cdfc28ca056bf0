"""A luigid, and hosts that share it, a sandbox and nothing else."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.hosts import Host
from support.luigid import Luigid
from support.sandbox import RunningSandbox

SILENCE = 3
"""Seconds after which an agent is dead: shorter than shipped, so that the tests are quick."""


@pytest.fixture(scope="module")
def one_luigid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Luigid]:
    """For all tests of a module: each has months and queues of its own."""
    running = Luigid(tmp_path_factory.mktemp("luigid"), {"queue-default": 8})
    yield running
    running.stop()


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    running = Luigid(tmp_path, {"queue-default": 8}, worker_disconnect_delay=SILENCE)
    yield running
    running.stop()


@pytest.fixture
def host(
    tmp_path: Path, luigid: Luigid, sandbox: RunningSandbox
) -> Iterator[Callable[[str], Host]]:
    name, made = f"t{uuid.uuid4().hex[:12]}", []

    def make(called: str) -> Host:
        made.append(Host(tmp_path / called, luigid, sandbox, name))
        return made[-1]

    yield make
    for place in made:
        place.close()
