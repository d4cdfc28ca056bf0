"""What the dashboard is told, and that work goes on without it."""

import pytest
from luigi.rpc import RPCError
from luigi.task_register import Register

from pipeline import DownloadMonth, NormalizeMonth
from pipeline.core import outcomes
from pipeline.core.errors import BadRequest, Transient
from pipeline.core.month_task import WholeNumber


@pytest.fixture
def task(tmp_path, monkeypatch):
    # Luigi remembers instances: what one test hangs on a task is not another's.
    Register.clear_instance_cache()
    made = DownloadMonth(year=2021, month=1)
    monkeypatch.setattr(outcomes, "data_dir", lambda: tmp_path)
    yield made
    Register.clear_instance_cache()


def test_progress_a_message_about_the_month_and_a_link_are_shown(task):
    shown = {}
    task.set_progress_percentage = lambda percent: shown.update(percent=percent)
    task.set_status_message = lambda message: shown.update(message=message)
    task.set_tracking_url = lambda url: shown.update(url=url)
    task.report(49.7, "5 rows", "http://127.0.0.1/job")
    assert shown == {
        "percent": 50,
        "message": "yellow 2021-01: 5 rows",
        "url": "http://127.0.0.1/job",
    }
    shown.clear()
    task.report(0)
    assert shown == {"percent": 0}


def test_work_goes_on_with_one_warning_when_luigid_goes_away(task, caplog):
    asked = []

    def gone(percent):
        asked.append(percent)
        raise RPCError("no answer")

    task.set_progress_percentage = gone
    for percent in (1, 2, 3):
        task.report(percent)
    assert asked == [1]
    assert [record.message for record in caplog.records] == [
        "yellow 2021-01 goes on without the dashboard: no answer"
    ]


def test_outside_a_worker_nothing_is_shown(task):
    task.report(50, "message", "url")


def test_an_expected_failure_is_shown_as_its_one_line(task):
    assert task.on_failure(Transient("weather", next_step="wait")) == "weather; next: wait"
    try:
        raise KeyError("typo")
    except KeyError as error:
        assert "KeyError: 'typo'" in task.on_failure(error)
    expected, defect = outcomes.newest()
    assert (expected.result, expected.told) == ("failed", "weather; next: wait")
    assert defect.told == "KeyError: 'typo'"


def test_what_was_said_last_is_what_is_kept_of_a_task_that_is_done(task):
    task.report(20, "5 of 9 MB", "http://127.0.0.1/file")
    task.report(100, "9 MB", rows=7)
    task.on_success()
    (done,) = outcomes.newest()
    assert (done.task, done.service, done.month) == ("DownloadMonth", "yellow", "2021-01")
    assert (done.result, done.rows, done.seconds) == ("done", 7, None)
    assert (done.told, done.link) == ("9 MB", "http://127.0.0.1/file")


def test_another_stage_is_asked_about_the_same_month(task):
    other = task.same_month(NormalizeMonth)
    assert isinstance(other, NormalizeMonth)
    assert (other.service, other.year, other.month) == ("yellow", 2021, 1)


def test_a_month_that_is_no_number_is_one_line():
    with pytest.raises(BadRequest, match="seen: 'soon'; expected: a whole number"):
        WholeNumber().parse("soon")
