"""A real Chromium, where the machine has one; otherwise these tests are skipped, and say why."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.chromium import PROGRAMS, launched, program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for longer than a module: other tests run event loops."""
    path = program()
    if path is None:
        pytest.skip(f"no browser: PATH has none of {', '.join(PROGRAMS)}")
    with launched(path) as running:
        yield running


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots are left: where ``TLC_TEST_SCREENSHOTS`` says, or in the test's folder."""
    folder = Path(os.environ.get("TLC_TEST_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
