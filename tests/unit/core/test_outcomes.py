"""What became of a run's tasks: kept line by line, and read back."""

from pathlib import Path

import pytest

from pipeline.core import outcomes
from pipeline.core.outcomes import Outcome, Result, counted, newest, note, of_run


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(outcomes, "data_dir", lambda: tmp_path)
    return tmp_path


def outcome(task: str, month: str = "2021-01", result: Result = "done", **more: str) -> Outcome:
    keys = {"run_id": "a", "service": "yellow", **more}
    return Outcome(at="2026-11-23T01:15:02+00:00", task=task, month=month, result=result, **keys)


def test_a_month_counts_where_the_task_that_was_asked_for_is_done():
    told = [outcome("UploadMonthToGCS")]
    assert counted(told, "LoadMonthToBQ") == (0, 0)
    told += [outcome("LoadMonthToBQ"), outcome("LoadMonthToBQ", service="green")]
    assert counted(told, "LoadMonthToBQ") == (2, 0)


def test_a_month_failed_at_whatever_stage_unless_a_later_try_brought_it_there():
    told = [outcome("NormalizeMonth", result="failed")]
    told += [outcome("DownloadMonth", "2021-02", "failed")]
    told += [outcome("PublishedMonth", "2021-03", "not published")]
    assert counted(told, "LoadMonthToBQ") == (0, 2)
    assert counted([*told, outcome("LoadMonthToBQ")], "LoadMonthToBQ") == (1, 1)


def test_the_zones_are_no_month():
    assert counted([outcome("LoadZones", "", service="zones")], "LoadZones") == (0, 0)


def test_a_runs_own_outcomes_come_back_in_their_order():
    assert newest() == of_run("a") == []
    first, other, second = outcome("B"), outcome("C", run_id="b"), outcome("A")
    for one in (first, other, second):
        note(one)
    assert newest() == [first, other, second]
    assert of_run("a") == [first, second]


def test_a_line_that_was_cut_short_spoils_no_other(data: Path, monkeypatch: pytest.MonkeyPatch):
    note(outcome("A"))
    with outcomes.file().open("a") as file:
        file.write('\n{"run_id": "a", "at"')
    note(outcome("B"))
    assert [one.task for one in newest()] == ["A", "B"]
    monkeypatch.setattr(outcomes, "MOST_BYTES", 250)
    assert [one.task for one in newest()] == ["B"]


def test_what_cannot_be_kept_is_a_line_of_the_log(data: Path, caplog: pytest.LogCaptureFixture):
    (data / "runs").write_text("no folder")
    caplog.set_level("INFO", "pipeline")
    note(outcome("A"))
    assert [record.message for record in caplog.records] == [
        "what became of yellow 2021-01 is not kept: File exists"
    ]
