"""What tests of a hostile publisher share: little patience, and where a month would be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.months import TripMonth

MONTH = TripMonth("green", 2021, 1)


@pytest.fixture(autouse=True)
def impatient(setting: Callable[..., None]) -> None:
    setting("source", attempts="2", max_backoff="0.01", timeout="5")


@pytest.fixture
def month() -> TripMonth:
    return MONTH


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the month's raw file belongs."""
    return MONTH.raw_path(tmp_path / "data")
