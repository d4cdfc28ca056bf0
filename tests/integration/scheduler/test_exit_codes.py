"""Exit codes of runs that luigid schedules: cron's contract."""

import signal
import time

import pytest
from support.publisher import FaultyPublisher, page
from support.waiting import wait_until
from support.workspace import client_of

JANUARY = ("--year", 2021, "--month", 1)
DONE, NOT_PUBLISHED, NOT_RUN, FAILED, NOT_SCHEDULED, CRASHED = 0, 20, 25, 30, 35, 40
AT_ONCE = 15
"""Seconds within which a run with nothing to wait for ends, on a busy machine."""
PRUNING = 60
"""Seconds between luigid's own looks for dead workers."""


def test_a_run_ends_with_zero_and_so_does_its_repetition(scheduled):
    assert scheduled.load(*JANUARY).returncode == DONE
    assert scheduled.load(*JANUARY, timeout=AT_ONCE).returncode == DONE
    assert held(scheduled) == (2000, 1)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--year", 2199, "--month", 1), NOT_PUBLISHED),
        (("--year", 2021, "--month", 13), NOT_SCHEDULED),
    ],
)
def test_a_month_that_cannot_be_had_ends_at_once_with_its_code(scheduled, options, code):
    done = scheduled.load(*options, timeout=AT_ONCE)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_run_ends_at_once_and_the_same_command_is_not_refused(scheduled):
    with FaultyPublisher() as publisher:
        served = publisher.serve(b"", "yellow_tripdata_2021-01.parquet")
        served.always = page()
        scheduled.variables["TLC_BASE_URL"] = publisher.url
        assert scheduled.load(*JANUARY, timeout=AT_ONCE).returncode == FAILED
        assert scheduled.load(*JANUARY, timeout=AT_ONCE).returncode == FAILED
        assert [seen.method for seen in publisher.requests].count("GET") == 2
    scheduled.variables["TLC_BASE_URL"] = "sandbox"
    assert scheduled.load(*JANUARY).returncode == DONE


def test_a_second_run_of_a_month_at_work_ends_with_25_and_the_month_is_loaded_once(
    scheduled, luigid
):
    first = slow_load(scheduled, luigid)
    second = scheduled.load(*JANUARY, timeout=AT_ONCE)
    assert first.poll() is None, "the first run ended too early to be overtaken"
    assert second.returncode == NOT_RUN, second.stderr
    _, told = first.communicate(timeout=60)
    assert first.returncode == DONE, told
    assert scheduled.load(*JANUARY).returncode == DONE
    assert held(scheduled) == (2000, 1)


def test_a_killed_runs_month_is_done_by_the_same_command_once_luigid_misses_its_pings(
    scheduled, luigid
):
    first = slow_load(scheduled, luigid)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=10)
    killed = time.monotonic()
    ended = wait_until(lambda: (done := scheduled.load(*JANUARY)).returncode == DONE and done)
    assert "no luigid" not in ended.stderr
    assert time.monotonic() - killed < PRUNING / 2
    assert held(scheduled) == (2000, 1)


def test_a_load_outlives_a_restart_of_luigid(scheduled, luigid):
    scheduled.set("core", rpc_retry_wait=1)
    run = slow_load(scheduled, luigid)
    assert luigid.stop() == 0
    luigid.start()
    _, told = run.communicate(timeout=60)
    assert run.returncode == DONE, told
    assert {task["status"] for task in luigid.tasks().values()} == {"DONE"}
    assert held(scheduled) == (2000, 1)


def test_a_load_ends_even_when_luigid_is_gone_for_good(scheduled, luigid):
    scheduled.set("core", rpc_retry_wait=1)
    run = slow_load(scheduled, luigid)
    luigid.stop(signal.SIGKILL)
    _, told = run.communicate(timeout=60)
    assert run.returncode == CRASHED, told
    assert "Traceback" not in told
    assert "goes on without the dashboard" in told
    assert held(scheduled) == (2000, 1)


def held(scheduled):
    """The rows of all trips, and of the ledger."""
    trips, ledger = (
        f"(SELECT COUNT(*) FROM nyc_tlc.{name})" for name in ("yellow_trips", "_loads")
    )
    (row,) = client_of(scheduled).query_and_wait(f"SELECT {trips} AS trips, {ledger} AS ledger")
    return row.trips, row.ledger


def slow_load(scheduled, luigid):
    """A run whose load job takes its time, at that moment."""
    scheduled.variables["TLC_SANDBOX_JOB_DELAY"] = "2"
    run = scheduled.popen(*scheduled.command(*JANUARY))

    def is_loading():
        assert run.poll() is None, run.communicate()
        return luigid.tasks().get("LoadMonthToBQ", {}).get("tracking_url")

    wait_until(is_loading)
    return run
