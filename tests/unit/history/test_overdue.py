"""What is overdue: no run where there should have been one, or nothing new for too long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.deployments import deployed

from pipeline.history.overdue import overdue
from pipeline.history.run import Run

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAILY = {"cron": "0 6 * * *"}
LONG_AGO = timedelta(days=400)


def run(ago: timedelta, name: str | None = "some", months: int = 0, task: str = "LoadPublished"):
    ended = NOW - ago
    return Run("id", name, "schedule", task, "", "h", ended - timedelta(minutes=5), ended,
               1, 0, "done", "", months, 0)  # fmt: skip


def told(
    *runs: Run, days: int | None = None, since: timedelta = LONG_AGO, **keys: Any
) -> list[str]:
    keys = {"task": "LoadPublished", "parameters": {"since": "2024-01"}, "schedule": DAILY, **keys}
    return [*overdue(deployed(**keys), runs, NOW - since, NOW, days)]


def test_a_run_since_the_last_scheduled_time_is_in_order():
    assert told(run(timedelta(hours=5), months=1)) == []


def test_a_scheduled_time_that_passed_is_overdue_when_a_run_could_have_ended():
    yesterday = run(timedelta(hours=29), months=1)
    keys = {"retries": 1, "timeout": "2h"}
    # Due at 6, and two tries of two hours end at 10.
    assert told(yesterday, **keys) == [
        "nothing has run for 1 day; the last time was 2026-03-14 07:00 UTC"
    ]
    assert told(yesterday, **keys | {"timeout": "4h"}) == []


@pytest.mark.parametrize(("days", "is_overdue"), [(8, True), (9, True), (10, False)])
def test_days_are_counted_from_the_end_of_the_last_run(days: int, is_overdue: bool):
    found = told(run(timedelta(days=9, hours=1), months=1), days=days)
    assert bool(found) is is_overdue


def test_one_that_never_ran_is_overdue_when_its_first_time_has_passed():
    assert told(run(timedelta(hours=1), name="other"), since=timedelta(days=3)) == [
        "nothing has run for 3 days; it never has"
    ]
    assert told(since=timedelta(hours=1)) == []


def test_runs_that_bring_nothing_are_overdue_after_as_long_as_is_allowed():
    runs = [run(timedelta(days=day)) for day in range(50)]
    assert told(*runs, late_after="40d") == [
        "nothing new has come for 49 days; expected within 40d"
    ]
    assert told(*runs, run(timedelta(days=39), months=1), late_after="40d") == []


@pytest.mark.parametrize("task", ["LoadPublished", "LoadMonthToBQ"])
def test_what_anybody_brought_there_is_new(task: str):
    runs = [run(timedelta(days=day)) for day in range(50)]
    assert told(*runs, run(timedelta(days=2), None, 1, task), late_after="40d") == []


def test_what_was_brought_elsewhere_is_not():
    runs = [run(timedelta(days=day)) for day in range(50)]
    elsewhere = run(timedelta(days=2), None, 1, "LoadMonthToPostgres")
    assert told(*runs, elsewhere, late_after="40d")


def test_of_a_range_that_is_done_nothing_new_is_expected():
    runs = [run(timedelta(days=day)) for day in range(50)]
    keys = {"task": "LoadRange", "parameters": {"start": "2023-01", "stop": "2023-12"}}
    assert told(*runs, **keys) == []
