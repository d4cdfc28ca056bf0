"""What a run leaves in its lock, for the case that it is killed, is told once, and only then."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.outcomes import Outcome, note
from pipeline.deployments import killed, records
from pipeline.deployments.records import RunRecord

NOON = "2026-11-23T12:00:00+00:00"
LEFT = RunRecord(
    deployment="some",
    version="0123456789ab",
    command=["luigi", "--module", "pipeline", "LoadMonths", "--to=lake"],
    is_scheduled=True,
    started=NOON,
    ended=NOON,
    tries=1,
    code=40,
    result="killed",
    told="without a word",
    run_id="20261123-120000-3f9a01bc",
)


@pytest.fixture
def log(tmp_path: Path, setting) -> Path:
    setting("local", data_dir=str(tmp_path))
    log = tmp_path / "log"
    log.write_text("last words")
    return log


def test_the_killed_run_ended_with_its_last_line_and_its_months_count(log: Path) -> None:
    for month, result in (("2021-01", "done"), ("2021-02", "failed")):
        note(Outcome(LEFT.run_id, NOON, "UploadMonthToGCS", "yellow", month, result))
    with (log.parent / "lock").open("a+") as lock:
        killed.begin(lock, LEFT)
    with (log.parent / "lock").open("a+") as lock:
        found = killed.killed_before(lock, log)
    assert found is not None
    assert (found.result, found.months_loaded, found.months_failed) == ("killed", 1, 1)
    last_words = datetime.fromtimestamp(log.stat().st_mtime, UTC)
    assert found.ended == max(NOON, last_words.isoformat(timespec="seconds"))


def test_a_run_that_ended_or_kept_its_record_was_not_killed(log: Path) -> None:
    with (log.parent / "lock").open("a+") as lock:
        assert killed.killed_before(lock, log) is None
        killed.begin(lock, LEFT)
        killed.end(lock)
        assert killed.killed_before(lock, log) is None
        killed.begin(lock, LEFT)
        records.append(LEFT)
        assert killed.killed_before(lock, log) is None
