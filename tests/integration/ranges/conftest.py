"""What tests of many months share: a publisher of samples that may misbehave, and runs of Luigi."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.retcodes import run_with_retcodes
from luigi.scheduler import Scheduler
from support.publisher import FaultyPublisher, Served

from pipeline.core.months import TripMonth
from pipeline.download import task as download_task
from pipeline.ranges import many_months
from pipeline.ranges import task as ranges_task
from pipeline.sandbox.publisher.samples import ensure_sample

ROWS = 50


class SamplePublisher(FaultyPublisher):
    """Publishes the sample months that it is told to."""

    folder: Path

    def publish(self, *months: TripMonth) -> list[Served]:
        for month in months:
            ensure_sample(month, ROWS, self.folder / month.file_name)
        return [self.serve(self.folder / month.file_name, month.file_name) for month in months]

    def heads(self) -> list[str]:
        """The months that were asked about, without the control month."""
        names = [seen.name for seen in self.requests if seen.method == "HEAD"]
        return [name.removesuffix(".parquet").replace("_tripdata_", " ") for name in names
                if not name.startswith("yellow_tripdata_2024-01")]  # fmt: skip


@pytest.fixture
def publisher(
    configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SamplePublisher]:
    """The publisher of this process's settings."""
    for memory in (download_task.sighted, download_task._not_yet):
        memory.cache_clear()
    with SamplePublisher() as running:
        running.folder = tmp_path / "published"
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        yield running


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Change the publisher's date."""

    def change(day: date) -> None:
        for module in (download_task, ranges_task, many_months):
            monkeypatch.setattr(module, "today", lambda: day)

    return change


@pytest.fixture
def in_2031(at: Callable[[date], None]) -> None:
    """A day when months have ended that no table knows: green's of 2030, for instance."""
    at(date(2031, 2, 10))


class Watched(Scheduler):
    """A scheduler that remembers what tasks told it."""

    def __init__(self) -> None:
        # Otherwise what is done is not begun again within ten seconds.
        super().__init__(stable_done_cooldown_secs=0)
        self.told: list[str] = []
        self.percent: list[int] = []

    def set_task_status_message(self, task_id: str, status_message: str) -> None:
        if "months in" in status_message:
            self.told.append(status_message)

    def set_task_progress_percentage(self, task_id: str, progress_percentage: int) -> None:
        if task_id.startswith(("LoadMonths", "LoadRange", "LoadPublished")):
            self.percent.append(progress_percentage)


@pytest.fixture
def scheduler() -> Watched:
    return Watched()


@pytest.fixture
def run(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a task, and return the exit code that Luigi's command line ends with."""

    class Factory:
        def create_local_scheduler(self) -> Scheduler:
            return scheduler

        def create_worker(self, scheduler: Any, **options: Any) -> luigi.worker.Worker:
            return luigi.worker.Worker(scheduler=scheduler, **options)

    def build(task: luigi.Task, workers: int = 1) -> int:
        options = {"detailed_summary": True, "local_scheduler": True, "workers": workers}
        ended = luigi.build([task], Factory(), **options)
        monkeypatch.setattr(luigi.interface, "_run", lambda argv: ended)
        with pytest.raises(SystemExit) as code:
            run_with_retcodes([task.task_family])
        return int(code.value.code or 0)

    return build
