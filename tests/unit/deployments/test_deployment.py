"""What a deployment's fields accept, and what they mean."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.deployments.deployment import Schedule, as_duration, as_text


@settings(deadline=None)
@given(st.integers(1, 604_800))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert as_duration(as_text(span)) == span


@pytest.mark.parametrize(
    "cron",
    [
        "0 6 10 *",
        "0 6 10 * * *",
        "@monthly",
        "60 6 * * *",
        "0 6 31 2 *",
        "0 6 L * *",
        "0 6 * * 1#2",
        "0 6 * * 5L",
        "0 6 ; * *",
        "0 6 * * *\n* * * * * evil",
        "% 6 * * *",
        "$(id) 6 * * *",
        "",
    ],
)
def test_what_cron_and_systemd_do_not_both_know_is_no_schedule(cron: str) -> None:
    with pytest.raises(ValidationError, match="a cron expression"):
        Schedule(cron=cron)


@pytest.mark.parametrize("cron", ["*/5 0-6 1,15 jan-mar Mon-Fri", "0  6\t10 * *", "0 6 * * sun"])
def test_what_both_know_is_one_line(cron: str) -> None:
    assert Schedule(cron=cron).cron == " ".join(cron.split())


NEW_YORK: dict[str, Any] = {"cron": "30 2 * * *", "timezone": "America/New_York"}


def test_the_next_time_is_in_the_schedules_zone() -> None:
    summer = Schedule(**NEW_YORK).after(datetime(2026, 7, 1, 12, tzinfo=UTC))
    winter = Schedule(**NEW_YORK).after(datetime(2026, 12, 1, 12, tzinfo=UTC))
    assert [moment.astimezone(UTC).hour for moment in (summer, winter)] == [6, 7]


def test_a_run_is_due_at_its_minute_and_a_little_later() -> None:
    schedule = Schedule(**NEW_YORK)
    due = datetime(2026, 7, 1, 6, 30, tzinfo=UTC)
    minutes = [-60, -1, 0, 1, 9, 11, 60]
    answers = [schedule.is_due(due + timedelta(minutes=minute)) for minute in minutes]
    assert answers == [False, False, True, True, True, False, False]
