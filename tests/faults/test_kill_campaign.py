"""``kill -9`` at moments that nobody chose; the same command then ends the work, once.

A round is one workspace: for each of its months the main job is run, and it or the sandbox or
both are killed somewhere along the way, a few times; then it is left in peace.
"""

import random
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest
from support.campaign import campaign
from support.workspace import Workspace, free_port

from pipeline.core.months import TripMonth

MONTHS = ["yellow 2021-01", "green 2022-06", "fhv 2020-02", "fhvhv 2025-06", "yellow 2025-03"]
ROWS = 150_000
KILLED = -signal.SIGKILL
EXPECTED_CODES = {0, 30, 35, KILLED}
"""Done before the kill, or a service was killed: a task failed or could not be scheduled."""


@pytest.fixture(scope="module")
def run_seconds(tmp_path_factory):
    """How long a whole run takes here and now, the sandbox's start included."""
    place = Workspace(tmp_path_factory.mktemp("undisturbed"), sample_rows=ROWS)
    begin = time.monotonic()
    assert place.load("--year", 2021, "--month", 1).returncode == 0
    place.close()
    return time.monotonic() - begin


@campaign(short=2, seconds=600)
def test_kills_at_any_moment_leave_work_that_the_same_command_ends_once(
    seed, workspace, outcome, run_seconds
):
    rng = random.Random(seed)
    rows = rng.randrange(ROWS // 2, ROWS)
    workspace.set("sandbox", sample_rows=rows, port=rng.choice([0, free_port()]))
    workspace.set("normalize", batch_rows=5_000, row_group_rows=10_000)
    workspace.set("connection:sandbox", timeout=5)
    loaded = {}
    for name in rng.sample(MONTHS, rng.choice([1, 1, 2])):
        month = TripMonth.parse(*name.split())
        for _ in range(rng.randint(1, 3)):
            disturb(workspace, month, rng, run_seconds)
        end_in_peace(workspace, month)
        loaded[month] = rows
        outcome.assert_holds(loaded)
    assert "Traceback" not in server_log(workspace)


def command(workspace, month):
    options = ("--service", month.service, "--year", month.year, "--month", month.month)
    return workspace.command(*options)


def disturb(workspace, month, rng, run_seconds):
    """Run the main job, twice at once now and then, and kill something along the way."""
    workers = [workspace.popen(*command(workspace, month)) for _ in range(rng.choice([1, 1, 2]))]
    victims, moment = rng.choice(["worker", "sandbox", "both"]), rng.uniform(0, run_seconds)
    with suppress(subprocess.TimeoutExpired):
        workers[0].wait(timeout=moment)
    servers = sandbox_pids(workspace, workers)
    if victims != "sandbox":
        workers[0].kill()
    if victims != "worker":
        for pid in servers:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
    for worker in workers:
        _, told = worker.communicate(timeout=120)
        seen = f"{victims} killed after {moment:.2f} s: exit code {worker.returncode}: {told}"
        assert worker.returncode in EXPECTED_CODES, seen
        assert "Traceback" not in told, seen


def sandbox_pids(workspace, workers):
    """Return the sandbox's process, also one that a worker is just starting."""
    server = workspace.sandbox
    found = {server.pid} if server else set()
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            found |= {child.pid for child in psutil.Process(worker.pid).children()}
    return found


def end_in_peace(workspace, month):
    workspace.set("connection:sandbox", timeout=20)
    done = workspace.run(*command(workspace, month))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    workspace.set("connection:sandbox", timeout=5)


def server_log(workspace):
    return (workspace.data / "sandbox" / "server.log").read_text()
