"""When the sandbox starts, whom it serves, and what its end, wanted or not, leaves."""

import fcntl
import json
import os
import shutil
import signal
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from support.waiting import wait_until
from support.workspace import Workspace, client_of, free_port

from pipeline.sandbox import lifecycle

JANUARY = ("--year", 2021, "--month", 1)
ROWS = 200


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose sandbox holds a month; whoever ends the sandbox may start it again."""
    place = Workspace(tmp_path_factory.mktemp("loaded"), sample_rows=ROWS)
    done = place.load(*JANUARY)
    assert done.returncode == 0, done.stderr
    yield place
    assert_quiet(place)
    place.close()


@pytest.fixture
def fresh(workspace: Workspace) -> Iterator[Workspace]:
    yield workspace
    assert_quiet(workspace)


def assert_quiet(place: Workspace) -> None:
    log = place.data / "sandbox" / "server.log"
    assert not log.exists() or log.read_text() == ""


def run(place: Workspace, *words: object) -> str:
    done = place.run("tlc", *words)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def ensure_running(place: Workspace) -> None:
    if place.sandbox is None:
        run(place, "sandbox", "start")


def ask(place: Workspace, sql: str) -> list[Any]:
    """Ask by the command itself, which starts a sandbox where there is none."""
    return list(json.loads(run(place, "query", sql, "--format", "json")))


def pid_of(place: Workspace) -> int:
    assert place.sandbox is not None
    return place.sandbox.pid


def assert_holds_the_month(place: Workspace) -> None:
    """Ask the objects, the rows and the jobs."""
    (record,) = json.loads(run(place, "status", "--months", "--format", "json"))
    assert (record["bigquery"], record["rows_kept"]) == ("loaded", ROWS)
    assert record["lake"] is not None
    jobs = [job for job in client_of(place).list_jobs() if job.job_id.startswith("tlc_yellow")]
    assert {job.state for job in jobs} == {"DONE"}
    assert len(jobs) == 2  # the month's rows and its ledger row


def servers_of(root: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "pipeline.sandbox" in words and str(root) in words:
            found.append(process.pid)
    return found


def test_commands_at_once_from_nothing_share_one_sandbox(fresh: Workspace) -> None:
    asked = [("sandbox", "start")] * 4 + [("query", "SELECT 1 AS x", "--format", "csv")] * 2
    commands = [fresh.popen("tlc", *words) for words in asked]
    told = [command.communicate(timeout=60) for command in commands]
    assert [command.returncode for command in commands] == [0] * 6, told
    assert fresh.sandbox is not None
    running = f"sandbox running at {fresh.sandbox.url} (pid {fresh.sandbox.pid})\n"
    assert [out for out, _ in told] == [running] * 4 + ["x\n1\n"] * 2
    wait_until(lambda: servers_of(fresh.data / "sandbox") == [pid_of(fresh)])


def test_commands_at_once_after_a_kill_share_one_new_sandbox(fresh: Workspace) -> None:
    run(fresh, "sandbox", "start")
    killed = pid_of(fresh)
    os.kill(killed, signal.SIGKILL)
    commands = [fresh.popen("tlc", "sandbox", "start") for _ in range(4)]
    told = {command.communicate(timeout=60) for command in commands}
    assert len(told) == 1
    assert pid_of(fresh) != killed
    wait_until(lambda: servers_of(fresh.data / "sandbox") == [pid_of(fresh)])


def test_the_address_of_a_sandbox_that_has_ended_is_never_told(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"pid": 1, "port": 1, "url": "http://127.0.0.1:1"}')
    assert lifecycle.find(tmp_path) is None
    with (tmp_path / "lock").open("w") as lock:  # the next one is starting
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert lifecycle.find(tmp_path) is None
    assert lifecycle.stop(tmp_path) is None


def test_the_commands_say_what_runs_and_what_they_did(fresh: Workspace) -> None:
    root = fresh.data / "sandbox"
    assert run(fresh, "sandbox", "status") == f"sandbox not running, 0.0 MB in {root}\n"
    assert run(fresh, "sandbox", "stop") == "sandbox was not running\n"
    started = run(fresh, "sandbox", "start")
    pid = pid_of(fresh)
    assert run(fresh, "sandbox", "start") == started
    assert started.removesuffix("\n") in run(fresh, "sandbox", "status")
    assert run(fresh, "sandbox", "stop") == f"sandbox stopped (pid {pid})\n"
    assert run(fresh, "sandbox", "status").startswith("sandbox not running, ")


def test_it_stays_for_the_next_command(loaded: Workspace) -> None:
    ensure_running(loaded)
    pid = pid_of(loaded)
    assert_holds_the_month(loaded)
    assert pid_of(loaded) == pid


def test_stopping_keeps_what_it_holds(loaded: Workspace) -> None:
    ensure_running(loaded)
    assert run(loaded, "sandbox", "stop").startswith("sandbox stopped")
    assert_holds_the_month(loaded)


def test_a_killed_one_is_started_again_with_all_that_was_finished(loaded: Workspace) -> None:
    ensure_running(loaded)
    killed = pid_of(loaded)
    os.kill(killed, signal.SIGKILL)
    assert_holds_the_month(loaded)
    assert pid_of(loaded) != killed


def test_it_listens_on_loopback_only(loaded: Workspace) -> None:
    ensure_running(loaded)
    listening = [
        connection.laddr
        for connection in psutil.Process(pid_of(loaded)).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert loaded.sandbox is not None
    assert [tuple(address) for address in listening] == [("127.0.0.1", loaded.sandbox.port)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/compute/v1/projects/p/zones"),
        ("GET", "/storage/v1/b/tlc-lake/acl"),
        ("POST", "/storage/v1/b/tlc-lake/o/a/compose"),
        ("GET", "/bigquery/v2/projects/tlc-sandbox/datasets/nyc_tlc/routines"),
        ("DELETE", "/sandbox/health"),
        ("PUT", "/nothing/like/it?x=1"),
    ],
)
def test_what_it_does_not_implement_is_a_501_that_names_it(
    loaded: Workspace, method: str, path: str
) -> None:
    ensure_running(loaded)
    assert loaded.sandbox is not None
    answer = requests.request(method, f"{loaded.sandbox.url}{path}", json={}, timeout=10)
    assert answer.status_code == 501
    assert path.partition("?")[0].rpartition("/")[2] in answer.json()["error"]["message"]


def test_resetting_asks_first_and_then_deletes_everything(fresh: Workspace) -> None:
    root = fresh.data / "sandbox"
    run(fresh, "samples", "--month", "2021-01", "--rows", 10)
    run(fresh, "sandbox", "start")
    for answer in ("n\n", ""):
        asked = fresh.popen("tlc", "sandbox", "reset", stdin=-1)
        out, _ = asked.communicate(answer, timeout=30)
        assert asked.returncode == 1
        assert f"Delete everything in {root}?" in out
        assert fresh.sandbox is not None
    assert run(fresh, "sandbox", "reset", "--yes") == f"sandbox wiped: {root}\n"
    assert not root.exists()
    assert ask(fresh, "SELECT 1 AS x") == [{"x": 1}]


class Banner(socketserver.BaseRequestHandler):
    """Speaks first, and no HTTP."""

    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-other\r\n")


def assert_port_is_refused(place: Workspace, *told: str) -> None:
    for command, code in ((["tlc", "sandbox", "start"], 30), (place.command(*JANUARY), 35)):
        done = place.run(*command)
        assert done.returncode == code, done.stderr
        (line,) = [line for line in done.stderr.splitlines() if "ERROR" in line]
        assert all(text in line for text in (*told, "[sandbox] port")), line
        assert "Traceback" not in done.stderr


def test_a_port_that_another_program_holds_is_named(fresh: Workspace) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Banner) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.server_address[1]
        fresh.set("sandbox", port=port)
        try:
            assert_port_is_refused(fresh, f"port {port} is taken", "another program")
        finally:
            other.shutdown()


def test_a_port_that_another_folders_sandbox_holds_is_named(
    fresh: Workspace, loaded: Workspace
) -> None:
    ensure_running(loaded)
    assert loaded.sandbox is not None
    port = loaded.sandbox.port
    fresh.set("sandbox", port=port)
    other = f"the sandbox of {loaded.data / 'sandbox'}"
    assert_port_is_refused(fresh, f"port {port} is taken", other)


def test_one_whose_folder_is_deleted_ends_and_makes_room_for_the_next(workspace: Workspace) -> None:
    workspace.set("sandbox", port=free_port())
    assert ask(workspace, "SELECT 1 AS x") == [{"x": 1}]
    orphan = psutil.Process(pid_of(workspace))
    with (workspace.data / "sandbox" / "server.log").open() as log:
        shutil.rmtree(workspace.data)
        assert ask(workspace, "SELECT 2 AS x") == [{"x": 2}]
        orphan.wait(timeout=30)
        assert log.read() == ""
    assert pid_of(workspace) != orphan.pid
    assert_quiet(workspace)


def test_an_interrupted_command_leaves_the_sandbox_it_started(fresh: Workspace) -> None:
    command = fresh.popen("tlc", "query", "SELECT 1", start_new_session=True)
    wait_until(lambda: fresh.sandbox)
    started = pid_of(fresh)
    os.killpg(command.pid, signal.SIGINT)
    _, told = command.communicate(timeout=30)
    assert command.returncode != 0
    assert "Traceback" not in told
    assert ask(fresh, "SELECT 1 AS x") == [{"x": 1}]
    assert pid_of(fresh) == started


def test_a_load_that_a_stop_breaks_off_is_done_once_at_the_next_start(fresh: Workspace) -> None:
    fresh.set("sandbox", port=free_port())
    fresh.variables["TLC_SANDBOX_JOB_DELAY"] = "30"
    run(fresh, "sandbox", "start")
    del fresh.variables["TLC_SANDBOX_JOB_DELAY"]
    worker = fresh.popen(*fresh.command(*JANUARY))
    wait_until(lambda: loads(fresh, "RUNNING"))
    run(fresh, "sandbox", "stop")
    run(fresh, "sandbox", "start")
    _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0, told
    assert len(loads(fresh, "DONE")) == len(loads(fresh)) == 2
    assert fresh.query("SELECT COUNT(*) AS n FROM yellow_trips") == [{"n": 2000}]


def loads(place: Workspace, state: str | None = None) -> list[Any]:
    jobs = [job for job in client_of(place).list_jobs() if job.job_id.startswith("tlc_yellow")]
    return [job for job in jobs if state in (None, job.state)]
