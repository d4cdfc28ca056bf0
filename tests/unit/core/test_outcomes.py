"""How many months a run has brought where it was to, as its tasks told."""

from pathlib import Path

import pytest

from pipeline.core import outcomes


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "outcomes"
    path.touch()
    monkeypatch.setenv(outcomes.VARIABLE, str(path))
    return path


def test_a_month_counts_where_the_task_that_was_asked_for_is_done(told: Path):
    outcomes.note("UploadMonthToGCS", "yellow 2021-01", True)
    assert outcomes.counted(told, "LoadMonthToBQ") == (0, 0)
    outcomes.note("LoadMonthToBQ", "yellow 2021-01", True)
    outcomes.note("LoadMonthToBQ", "green 2021-01", True)
    assert outcomes.counted(told, "LoadMonthToBQ") == (2, 0)


def test_a_month_failed_at_whatever_stage_unless_a_later_try_brought_it_there(told: Path):
    outcomes.note("NormalizeMonth", "yellow 2021-01", False)
    outcomes.note("DownloadMonth", "yellow 2021-02", False)
    assert outcomes.counted(told, "LoadMonthToBQ") == (0, 2)
    outcomes.note("LoadMonthToBQ", "yellow 2021-01", True)
    assert outcomes.counted(told, "LoadMonthToBQ") == (1, 1)


def test_nothing_is_told_where_nobody_asked(told: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(outcomes.VARIABLE)
    outcomes.note("LoadMonthToBQ", "yellow 2021-01", True)
    assert not told.read_text()
