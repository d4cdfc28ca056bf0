"""What an exit code means to somebody."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.deployments.policy import OVERLAPPED, is_news, result_of, tries_for
from pipeline.deployments.records import RunRecord

NOW = datetime(2026, 3, 15, 6, tzinfo=UTC)
MONTH = timedelta(days=30)


def ran(code: int, days_ago: float = 0, result: str = "") -> RunRecord:
    when = (NOW - timedelta(days=days_ago)).isoformat()
    return RunRecord("some", "0", [], True, when, when, 1, code, result or result_of(code), "")


@pytest.mark.parametrize(
    ("code", "news"),
    [(0, False), (20, False), (25, True), (30, True), (35, True), (40, True), (1, True), (4, True)],
)
def test_a_code_is_news_or_not(code: int, news: bool) -> None:
    assert is_news(ran(code), [], MONTH) is news


@pytest.mark.parametrize(
    ("earlier", "news"),
    [
        ([(20, 10), (20, 29)], False),
        ([(20, 10), (20, 31)], True),
        ([(20, 10), (0, 20), (20, 31)], False),
        ([(20, 10), (30, 20), (20, 31)], False),
    ],
)
def test_a_month_that_is_not_published_is_news_once_it_is_late(
    earlier: list[tuple[int, int]], news: bool
) -> None:
    assert is_news(ran(20), [ran(code, days) for code, days in earlier], MONTH) is news


def test_a_run_that_found_another_is_no_news_and_does_not_end_the_wait() -> None:
    overlapped = ran(25, 15, OVERLAPPED)
    assert not is_news(overlapped, [], MONTH)
    assert is_news(ran(20), [overlapped, ran(20, 31)], MONTH)


@pytest.mark.parametrize(
    ("code", "retries", "tries"),
    [(0, 3, 1), (20, 3, 1), (2, 3, 1), (25, 0, 2), (25, 3, 4), (30, 0, 1), (30, 2, 3), (40, 1, 2)],
)
def test_what_may_pass_is_tried_again_and_what_cannot_is_not(
    code: int, retries: int, tries: int
) -> None:
    assert tries_for(code, retries) == tries


def test_a_signal_is_told_as_such() -> None:
    assert result_of(-9) == "killed by signal 9"
