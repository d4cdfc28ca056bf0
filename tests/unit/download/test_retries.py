"""The retry policy, with waits of no length."""

from collections.abc import Callable

import luigi
import pytest

from pipeline.core.errors import Terminal
from pipeline.download.retries import Unreachable, Weather, patiently


@pytest.fixture(autouse=True)
def four_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    config = luigi.configuration.get_config()
    if not config.has_section("source"):
        config.add_section("source")
    monkeypatch.setitem(config["source"], "attempts", "4")
    monkeypatch.setitem(config["source"], "max_backoff", "0")


def failing(times: int, error: Exception) -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "fine"

    return call, calls


def test_weather_is_waited_out() -> None:
    call, calls = failing(3, Weather("rain"))
    assert patiently(call) == "fine"
    assert len(calls) == 4


def test_the_last_weather_is_raised_when_the_attempts_are_used_up() -> None:
    call, calls = failing(9, Weather("rain"))
    with pytest.raises(Weather, match="rain"):
        patiently(call)
    assert len(calls) == 4


def test_what_is_terminal_is_not_tried_again() -> None:
    call, calls = failing(9, Terminal("wrong"))
    with pytest.raises(Terminal):
        patiently(call)
    assert len(calls) == 1


def test_silence_may_be_given_up_sooner() -> None:
    call, calls = failing(9, Unreachable("nobody"))
    with pytest.raises(Unreachable):
        patiently(call, unreachable_attempts=2)
    assert len(calls) == 2


def test_a_longer_wait_than_allowed_is_not_made() -> None:
    call, calls = failing(9, Weather("closed", retry_after=10))
    with pytest.raises(Weather):
        patiently(call)
    assert len(calls) == 1


def test_each_wait_is_told_without_the_advice_for_the_end(caplog) -> None:
    call, _ = failing(1, Weather("rain", seen="drops", next_step="take a coat"))
    patiently(call)
    assert caplog.messages == ["rain; seen: drops; attempt 2 in 0.0 s"]
