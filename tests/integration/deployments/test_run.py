"""A run of a deployment: its time, its tries, its end, and what it leaves behind."""

import fcntl
import subprocess
import threading

import psutil
import pytest
from support.deployments import Deployments
from support.luigid import Luigid
from support.publisher import Fault, FaultyPublisher, Handler, page, stall
from support.waiting import wait_until

GREEN = "green_tripdata_2021-01.parquet"
SILENCE = 300


@pytest.fixture
def some(deployments: Deployments, publisher: FaultyPublisher) -> Deployments:
    """The deployment ``some``: a download from the publisher."""
    deployments.workspace.set("source", timeout=SILENCE)
    write(deployments, publisher)
    return deployments


def write(deployments: Deployments, publisher: FaultyPublisher, **keys: object) -> None:
    deployments.write(
        "some",
        parameters={"service": "green", "year": 2021, "month": 1},
        environment={"TLC_BASE_URL": publisher.url},
        **keys,
    )


def test_a_failed_run_is_tried_again_and_what_is_given_for_it_wins(
    some: Deployments, publisher: FaultyPublisher, content: bytes
) -> None:
    publisher.serve(content, "green_tripdata_2021-02.parquet").faults += [page()]
    done = some.tlc("run", "some", "-p", "month=2")
    assert done.returncode == 0, done.stderr
    assert "failed; once more in 0.1 s" in done.stderr
    assert "green 2021-02: downloaded" in done.stderr
    (record,) = some.records("some")
    assert (record["code"], record["tries"], record["is_scheduled"]) == (0, 2, False)
    assert "--month=2" in record["command"]


def test_a_run_that_outlasts_its_time_is_ended_with_all_it_started(
    some: Deployments, publisher: FaultyPublisher, content: bytes
) -> None:
    publisher.serve(content, GREEN).always = stall(at=0.5, seconds=SILENCE)
    write(some, publisher, timeout="4s", retries=0, workers=2)
    done = some.tlc("run", "some", "--scheduled")
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR some: timed out (exit code 30); seen: it took longer than 4s")
    assert not [p for p in psutil.process_iter() if asks(p, publisher)]


def asks(process: psutil.Process, publisher: FaultyPublisher) -> bool:
    try:
        return process.environ().get("TLC_BASE_URL") == publisher.url
    except psutil.Error:
        return False


def test_the_task_of_a_killed_run_keeps_the_next_one_away_until_it_ends(
    some: Deployments, publisher: FaultyPublisher, content: bytes
) -> None:
    run = at_work(some, publisher, content)
    (task,) = psutil.Process(run.pid).children()
    run.kill()
    run.communicate(timeout=10)
    assert some.tlc("run", "some").returncode == 25
    assert is_held(some)
    task.kill()
    wait_until(lambda: not is_held(some))


def test_a_killed_run_is_recorded_and_told_by_the_next_one(
    some: Deployments, publisher: FaultyPublisher, content: bytes
) -> None:
    run = at_work(some, publisher, content, "--scheduled")
    (task,) = psutil.Process(run.pid).children()
    run.kill()
    run.communicate(timeout=10)
    assert some.records("some") == []
    task.kill()
    wait_until(lambda: not is_held(some))
    publisher.serve(content, GREEN).always = None
    done = some.tlc("run", "some", "--scheduled")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR some: killed (exit code 40); seen: it ended without a word")
    first, second = some.records("some")
    assert (first["result"], first["code"], first["is_scheduled"]) == ("killed", 40, True)
    assert first["started"] <= first["ended"] <= second["started"]
    assert (first["months_loaded"], second["result"]) == (0, "done")
    assert some.tlc("run", "some").returncode == 0
    assert [kept["result"] for kept in some.records("some")] == ["killed", "done", "done"]


def is_held(some: Deployments) -> bool:
    with (some.runs / "some.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def at_work(
    some: Deployments, publisher: FaultyPublisher, content: bytes, *options: str
) -> "subprocess.Popen[str]":
    """A run in the middle of its download."""
    publisher.serve(content, GREEN).always = stall(at=0.5, seconds=SILENCE)
    run = some.workspace.popen("tlc", "run", "some", *options)
    wait_until(lambda: run.poll() is not None or publisher.ranges(GREEN))
    assert run.poll() is None, run.communicate()
    return run


def test_a_run_that_lost_to_another_worker_comes_once_more(
    some: Deployments, publisher: FaultyPublisher, content: bytes
) -> None:
    luigid = Luigid(some.workspace.root)
    some.workspace.set("core", scheduler_port=luigid.port)
    some.workspace.set("deployments", retry_pause=3)
    some.workspace.variables["TLC_BASE_URL"] = publisher.url
    write(some, publisher, retries=0)
    is_told = threading.Event()
    served = publisher.serve(content, GREEN)
    served.always = silent_until(is_told)
    try:
        options = ("--service", "green", "--year", 2021, "--month", 1)
        other = some.workspace.popen(*some.workspace.command(*options, task="DownloadMonth"))
        wait_until(lambda: publisher.ranges(GREEN))
        run = some.workspace.popen("tlc", "run", "some")
        wait_until(lambda: "not run; once more in 3 s" in some.log("some"))
        served.always = None
        is_told.set()
        _, told = run.communicate(timeout=60)
        _, said = other.communicate(timeout=60)
        assert other.returncode == 0, said
    finally:
        is_told.set()
        luigid.stop()
    assert run.returncode == 0, told
    assert some.records("some")[-1]["tries"] == 2


def silent_until(event: threading.Event) -> Fault:
    """Fall silent in the middle of the body, until the event, then close."""

    def wait(handler: Handler) -> None:
        event.wait(SILENCE)
        handler.hang_up()

    return lambda answer: answer.at(0.5, wait)
