"""What a plan says is what a run then does, month by month and stage by stage."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import luigi
import pytest
from support.configuration import forget_everything
from support.loaded_months import fill
from support.publisher import FaultyPublisher

from pipeline import DownloadMonth, LoadMonthToBQ, LoadRange, NormalizeMonth, UploadMonthToGCS
from pipeline.connections.google import select
from pipeline.core import outcomes
from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.download.task import sighted
from pipeline.sandbox.publisher.samples import ensure_sample
from pipeline.survey.plan import STAGES, Asked, planned
from pipeline.survey.verdict import Verdict

RANGE = Asked("bigquery", ["green"], "2021-01", "2021-06")
WHOLE_WAY = ("download", "normalize", "lake", "bigquery")


def run(*tasks: luigi.Task) -> None:
    assert luigi.build(tasks, local_scheduler=True)


def of_2021(task: type[luigi.Task], month: int) -> luigi.Task:
    return task(service="green", year=2021, month=month)


@pytest.fixture
def in_every_state(configured: Path) -> Path:
    """Green 2021-01 is nowhere; 02 raw; 03 canonical; 04 in the lake; 05 loaded; 06 emptied."""
    run(of_2021(DownloadMonth, 2), of_2021(NormalizeMonth, 3), of_2021(UploadMonthToGCS, 4),
        *(of_2021(LoadMonthToBQ, month) for month in (5, 6)))  # fmt: skip
    for stage in ("raw", "canonical"):
        for month in (4, 5, 6):
            shutil.rmtree(configured / stage / TripMonth("green", 2021, month).partition_path)
    [*select("DELETE FROM green_trips WHERE source_month = '2021-06-01'")]
    outcomes.file().unlink()
    return configured


def test_a_run_does_exactly_what_was_planned(in_every_state: Path) -> None:
    forget()
    steps = {step.month.key: step.stages for step in planned(RANGE)}
    assert steps == {
        "2021-01": WHOLE_WAY,
        "2021-02": WHOLE_WAY[1:],
        "2021-03": WHOLE_WAY[2:],
        "2021-04": WHOLE_WAY[3:],
        "2021-05": (),
        "2021-06": WHOLE_WAY[3:],
    }
    run(LoadRange(service="green", start="2021-01", stop="2021-06"))
    done: dict[str, tuple[str, ...]] = dict.fromkeys(steps, ())
    for told in outcomes.newest():
        assert told.result == "done"
        done[told.month] = (*done[told.month], STAGES[told.task])
    assert done == steps
    assert not any(step.stages for step in planned(RANGE))


def forget() -> None:
    """Forget what was asked, as the next process does."""
    forget_everything()
    sighted.cache_clear()


@pytest.fixture
def publisher(
    configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyPublisher]:
    """A publisher of green 2021-01 that can replace it."""
    with FaultyPublisher() as running:
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        publish(running, tmp_path, rows=50)
        yield running


def publish(publisher: FaultyPublisher, folder: Path, rows: int) -> None:
    month = TripMonth("green", 2021, 1)
    path = folder / f"{rows}" / month.file_name
    ensure_sample(month, rows, path)
    publisher.serve(path, month.file_name)


def test_a_month_that_the_publisher_replaced_is_planned_once_the_publisher_is_asked(
    publisher: FaultyPublisher, tmp_path: Path
) -> None:
    asked = Asked("lake", ["green"], "2021-01", "2021-01")
    run(of_2021(UploadMonthToGCS, 1))
    publish(publisher, tmp_path, rows=60)
    forget()
    publisher.requests.clear()
    [step] = planned(asked)
    assert (step.stages, publisher.requests) == ((), [])
    [step] = planned(asked, recheck=True)
    assert (step.judged.verdict, step.stages) == (Verdict.STALE, WHOLE_WAY[:3])
    assert {seen.method for seen in publisher.requests} == {"HEAD"}


def test_without_a_last_month_all_published_ones_are_meant_and_no_others(configured: Path) -> None:
    steps = planned(Asked("lake", ["green", "fhvhv"], "2026-01", None))
    keys = {service: [step.month.key for step in steps if step.month.service == service]
            for service in ("green", "fhvhv")}  # fmt: skip
    assert keys["green"][:2] == ["2026-01", "2026-02"]
    assert keys["fhvhv"][-1] == "2026-06"
    assert {step.judged.verdict for step in steps} == {Verdict.MISSING}


def test_a_month_that_was_named_and_is_not_published_is_said_to_be_waited_for(
    configured: Path,
) -> None:
    fill([TripMonth("green", 2026, 8)])
    steps = planned(Asked("bigquery", ["green"], "2026-08", "2027-02"))
    assert [(step.judged.verdict.value, step.stages) for step in steps] == [
        ("done", ()),
        *[("not published", ())] * 6,
    ]


def test_services_that_began_within_the_range_are_meant_from_then_on(configured: Path) -> None:
    steps = planned(Asked("lake", ["yellow", "fhvhv"], "2018-12", "2019-03"))
    assert [str(step.month) for step in steps] == [
        *(f"yellow {key}" for key in ("2018-12", "2019-01", "2019-02", "2019-03")),
        "fhvhv 2019-02",
        "fhvhv 2019-03",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2021-13"},
        {"stop": "2020-12"},
        {"stop": "9999-01"},
        {"stop": "soon"},
        {"services": ["fhvhv"], "start": "2014-01", "stop": "2015-01"},
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        planned(replace(RANGE, **changes))
