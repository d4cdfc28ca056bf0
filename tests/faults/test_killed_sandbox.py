"""``kill -9`` of the services while they load a month."""

import os
import signal

from support.waiting import wait_until

ROWS = 20_000


def test_a_sandbox_killed_during_a_load_ends_that_load_once_when_started_again(workspace, outcome):
    workspace.set("sandbox", sample_rows=ROWS)
    workspace.set("connection:sandbox", timeout=3)
    workspace.variables["TLC_SANDBOX_JOB_DELAY"] = "4"
    worker = workspace.popen(*workspace.command("--year", 2021, "--month", 1))
    wait_until(lambda: workspace.sandbox and running_loads(outcome))
    os.kill(workspace.sandbox.pid, signal.SIGKILL)
    _, told = worker.communicate(timeout=60)
    assert worker.returncode == 30
    assert "BigQuery failed loading yellow 2021-01" in told
    assert "Traceback" not in told

    del workspace.variables["TLC_SANDBOX_JOB_DELAY"]
    workspace.set("connection:sandbox", timeout=20)
    done = workspace.load("--year", 2021, "--month", 1)
    assert done.returncode == 0, done.stderr
    outcome.assert_loaded_once(ROWS)
    assert len(outcome.load_jobs()) == 1


def running_loads(outcome):
    return [job for job in outcome.load_jobs() if job.state == "RUNNING"]
