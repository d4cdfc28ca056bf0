"""A run's tasks note what became of them, whatever process they ran in."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import luigi
import pytest
from support.publisher import FaultyPublisher, page
from support.workspace import Workspace, free_port

from pipeline import DownloadMonth
from pipeline.core.month_task import MonthTask
from pipeline.core.outcomes import Outcome, newest
from pipeline.core.run_id import begin_run, run_id
from pipeline.download import task as download

STAGES = ["DownloadMonth", "NormalizeMonth", "UploadMonthToGCS"]


def test_every_month_of_two_processes_is_noted_and_every_line_of_its_log_can_be_found(
    workspace: Workspace,
) -> None:
    months = ("--service", "green", "--year", 2021, "--months", "1,2", "--to", "lake")
    options = ("--workers", 2, "--log-format", "json")
    done = workspace.load(*months, *options, task="LoadMonths")
    assert done.returncode == 0, done.stderr
    lines = (workspace.data / "runs" / "_outcomes.jsonl").read_text().splitlines()
    told = [Outcome(**json.loads(line)) for line in lines if line]
    assert len({one.run_id for one in told}) == 1
    assert Counter((one.task, one.month) for one in told) == Counter(
        (stage, month) for stage in STAGES for month in ("2021-01", "2021-02")
    )
    for one in told:
        assert (one.service, one.result, one.rows) == ("green", "done", 2000), one
        assert one.seconds is not None and one.seconds > 0
        assert one.told
        assert bool(one.link) == (one.task != "NormalizeMonth")
    assert_findable(done.stderr.splitlines(), told)


def assert_findable(lines: list[str], told: list[Outcome]) -> None:
    """Each line is JSON and has the run's id; those of a task have its month."""
    logged = [json.loads(line) for line in lines]
    assert {line["run_id"] for line in logged} == {told[0].run_id}, lines
    by_task = Counter((line["task"], line["month"]) for line in logged)
    for one in told:  # that it runs, and what it did
        assert by_task[one.task, f"{one.service} {one.month}"] >= 2, by_task


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, configured: Path, setting: Callable[..., None]):
    setting("source", attempts="1", max_backoff="0.1")
    with FaultyPublisher() as running:
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        yield running
    download.sighted.cache_clear()


def build(month: int) -> Outcome:
    """Download a month, and return the one outcome of the run."""
    run = begin_run()
    luigi.build([DownloadMonth(year=2021, month=month)], local_scheduler=True)
    assert run_id() == run
    (told,) = (one for one in newest() if one.run_id == run)
    assert (told.service, told.month) == ("yellow", f"2021-{month:02d}")
    return told


def test_a_month_that_fails_is_noted_with_its_cause(publisher: FaultyPublisher) -> None:
    served = publisher.serve(b"", "yellow_tripdata_2021-01.parquet")
    served.always = page()
    told = build(1)
    assert (told.task, told.result) == ("DownloadMonth", "failed")
    assert "yellow_tripdata_2021-01.parquet" in told.told and "\n" not in told.told
    assert told.seconds is not None


def test_a_month_that_is_not_published_is_noted_so(publisher: FaultyPublisher) -> None:
    told = build(2)
    assert (told.task, told.result) == ("PublishedMonth", "not published")
    assert told.told == "yellow 2021-02 is not published yet"


def test_a_month_whose_publisher_does_not_answer_has_failed(
    publisher: FaultyPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLC_BASE_URL", f"http://127.0.0.1:{free_port()}")
    told = build(3)
    assert (told.task, told.result, told.seconds) == ("PublishedMonth", "failed", None)
    assert "cannot be reached" in told.told


class DyingMonth(MonthTask):
    """Its process is killed, as one is when there is no memory left."""

    task_namespace = "tests"

    def is_there(self) -> bool:
        return False

    def run(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_month_whose_process_was_killed_has_failed(configured: Path) -> None:
    luigi.build([DyingMonth(year=2021, month=4)], local_scheduler=True, workers=2)
    (told,) = newest()
    assert (told.month, told.result) == ("2021-04", "failed")
    assert "died unexpectedly with exit code -9" in told.told
