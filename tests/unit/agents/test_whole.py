"""A task and what it requires, made by one process; and what is recorded of its end."""

from datetime import UTC, datetime

import luigi
import pytest
from luigi.task_register import Register

from pipeline.agents.luigid import Began
from pipeline.agents.record import record
from pipeline.agents.terms import Terms
from pipeline.agents.whole import make
from pipeline.core.errors import Terminal, Transient
from pipeline.history.run import run_of

MONTH = {"service": "yellow", "year": "2021", "month": "1"}
RAN: list[str] = []
BEGAN = Began(datetime.now(UTC), "20261123-011502-3f9a01bc", Terms("monthly", "96b4f2ad0c11"))


class Step(luigi.Task):
    """Is complete once it has run."""

    name = luigi.Parameter()
    above = luigi.TupleParameter(default=())

    def requires(self):
        return [Step(name=name) for name in self.above]

    def complete(self):
        return self.name in RAN and self.name != "careless"

    def run(self):
        self.set_status_message(f"{self.name} runs")
        RAN.append(self.name)


class Unpublished(luigi.ExternalTask):
    subject = "yellow 2030-01"

    def complete(self):
        return False


class Waiting(Step):
    def requires(self):
        return Unpublished()


@pytest.fixture(autouse=True)
def _afresh() -> None:
    Register.clear_instance_cache()
    RAN.clear()


def test_what_is_missing_is_made_first_and_shown_as_the_tasks_own_progress():
    shown: list[str] = []
    task = Step(name="load", above=("raw", "canonical"))
    task.set_status_message = shown.append
    RAN.append("raw")
    make(task, task.run)
    assert RAN == ["raw", "canonical", "load"]
    assert shown == ["canonical runs", "load runs"]
    make(task, task.run)
    assert len(RAN) == 3


def test_a_month_that_is_not_published_is_told_so_and_recorded_so():
    task = Waiting(name="load")
    with pytest.raises(Transient, match="yellow 2030-01 is not published yet") as told:
        make(task, task.run)
    kept = record("LoadMonthToBQ", MONTH, BEGAN, str(told.value))
    assert (kept.code, kept.result) == (20, "not published yet")
    assert (kept.months_loaded, kept.months_failed) == (0, 0)


def test_a_step_that_leaves_nothing_ends_the_task():
    task = Step(name="load", above=("careless",))
    task.set_status_message = print
    with pytest.raises(Terminal, match="ran without leaving its target"):
        make(task, task.run)
    assert RAN == ["careless"]


def test_an_end_is_recorded_with_its_months_and_the_last_line_of_why():
    done = record("LoadMonthToBQ", MONTH, BEGAN, "")
    assert (done.code, done.months_loaded, done.months_failed) == (0, 1, 0)
    assert done.run_id == BEGAN.run_id
    assert (done.on_behalf_of, done.version) == ("monthly", "96b4f2ad0c11")
    assert run_of(done).deployment == "monthly"
    failed = record("LoadMonthToBQ", MONTH, BEGAN, "Traceback\n  x\nValueError: y\n")
    assert (failed.code, failed.told) == (30, "ValueError: y")
    assert (failed.months_loaded, failed.months_failed) == (0, 1)
    many = record("LoadAll", {}, BEGAN, "")
    assert (many.months_loaded, many.months_failed) == (0, 0)
