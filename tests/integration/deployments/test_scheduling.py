"""What cron starts, as cron starts it: from a bare environment, by the line that was installed.

By a real cron daemon, too, where there is BusyBox's, which runs on a folder of one's own.
"""

import json
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.deployments import Deployments, as_cron_starts
from support.hook_server import HookServer, hook_server
from support.publisher import FaultyPublisher, page, stall
from support.waiting import wait_until
from support.workspace import free_port

from pipeline.core.settings import PROJECT_ROOT

BUSYBOX = shutil.which("busybox")
EACH_MINUTE = {"cron": "* * * * *"}
SILENCE = 300
CANARY = "canary-5up3r"


def has_crond() -> bool:
    if not BUSYBOX or os.geteuid() != 0:
        return False
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True).stdout.split()
    return {"crond", "crontab"} <= set(applets)


@pytest.fixture
def hook(deployments: Deployments) -> Iterator[HookServer]:
    """Who hears of the runs; beside it a connection to nobody, whose address is a secret, too."""
    with hook_server() as running:
        for name, place in (("heard", running.place), ("dead", f"127.0.0.1:{free_port()}")):
            address = deployments.workspace.root / name
            address.write_text(f"json://{place}/{CANARY}")
            deployments.workspace.set(f"connection:{name}", kind="apprise", url=f"file:{address}")
        yield running


@pytest.fixture
def situations(
    deployments: Deployments, publisher: FaultyPublisher, content: bytes, hook: HookServer
) -> Deployments:
    """Four deployments: one that is done, one too early, one that fails, one that takes long."""
    broken = publisher.serve(content, "green_tripdata_2021-03.parquet")
    broken.always = page()
    silent = publisher.serve(content, "green_tripdata_2021-04.parquet")
    silent.always = stall(at=0.5, seconds=SILENCE)
    deployments.workspace.set("source", timeout=SILENCE)
    deployments.write(
        "done",
        task="LoadMonthToBQ",
        parameters={"year": 2021, "month": 1},
        schedule=EACH_MINUTE,
        notifications=["heard"],
        environment={"TLC_BASE_URL": "sandbox"},
    )
    for name, month in (("early", 2), ("broken", 3), ("busy", 4)):
        deployments.write(
            name,
            parameters={"service": "green", "year": 2021, "month": month},
            schedule=EACH_MINUTE,
            retries=0,
            notifications=["dead", "heard"],
            environment={"TLC_BASE_URL": publisher.url},
        )
    return deployments


@pytest.fixture
def busy(situations: Deployments, publisher: FaultyPublisher) -> Iterator[None]:
    """A run of the deployment ``busy``, by hand, in the middle of its download."""
    run = situations.workspace.popen("tlc", "run", "busy")
    try:
        wait_until(lambda: run.poll() is not None or publisher.ranges(silent_month()))
        assert run.poll() is None, run.communicate()
        yield
    finally:
        run.terminate()
        _, told = run.communicate(timeout=30)
    assert run.returncode == 30
    assert "ended with exit code 30: stopped" in told
    assert situations.records("busy")[-1]["result"] == "stopped"


def silent_month() -> str:
    return "green_tripdata_2021-04.parquet"


def test_each_end_of_a_run_has_its_code_its_message_and_its_log(
    situations: Deployments, busy: None, hook: HookServer
) -> None:
    applied = situations.tlc("deployments", "apply", "--to", "cron")
    assert applied.returncode == 0, applied.stderr
    names = ("done", "early", "broken", "busy")
    place = f"cd {PROJECT_ROOT} && LUIGI_CONFIG_PATH={situations.workspace.root}/"
    assert situations.crontab.entry("done")[1].startswith(place)
    # One after the other: a machine of two cores has enough to do with the sandbox's start.
    ends = {name: end_of(situations.crontab.entry(name)[1]) for name in names}
    assert ends["done"] == ("", "", 0), situations.log("done")
    assert ends["early"] == ("", "", 0), situations.log("early")
    assert ends["busy"] == ("", "", 0)
    out, told, code = ends["broken"]
    assert (out, code) == ("", 30)
    (line,) = told.splitlines()
    assert line.startswith("ERROR broken: failed (exit code 30); seen: ")
    assert "green_tripdata_2021-03" in line
    assert line.endswith(f"next: read {situations.runs / 'broken.log'}, then: tlc run broken")
    a_message_tells_of_the_two_with_something_to_tell(situations, hook)
    logs_and_records_tell_of_all_four(situations)
    the_list_tells_of_all_four(situations)


def a_message_tells_of_the_two_with_something_to_tell(
    situations: Deployments, hook: HookServer
) -> None:
    (done, loaded), (broken, failed) = hook.told
    assert done == "done: done, 1 loaded"
    assert "loaded (1):\n  yellow 2021-01: 2,000 rows in " in loaded
    assert last(situations, "done")["run_id"] in loaded
    assert broken == "broken: failed, 1 failed"
    assert "failed (1):\n  green 2021-03 at DownloadMonth after " in failed
    assert "luigi --module pipeline DownloadMonth --service green --year 2021 --month 3" in failed
    log = situations.log("broken")
    assert "broken: told heard (JSON)" in log
    assert " WARNING " in log and "broken: dead is not told: no message went through dead" in log
    assert CANARY not in log
    again = situations.tlc("run", "done", "--scheduled")
    assert (again.returncode, again.stderr, len(hook.told)) == (0, "", 2)


def end_of(command: str) -> tuple[str, str, int]:
    """What a command says, and its code, when cron starts it."""
    run = as_cron_starts(command)
    out, told = run.communicate(timeout=120)
    return out, told, run.returncode


def logs_and_records_tell_of_all_four(situations: Deployments) -> None:
    done, early = situations.log("done"), situations.log("early")
    assert "starts: " in done and "LoadMonthToBQ --month=1 --year=2021 --workers=1" in done
    assert "loaded 2,000 rows in yellow_trips$202101" in done
    assert "done: ended with exit code 0: done" in done
    assert "green 2021-02 is not published yet" in early
    assert "early: ended with exit code 20: not published yet" in early
    assert "broken: ended with exit code 30: failed" in situations.log("broken")
    assert "broken: told: " in situations.log("broken")
    assert "another run of it is under way; this one does nothing" in situations.log("busy")
    ends = {name: last(situations, name) for name in ("done", "early", "broken", "busy")}
    assert {name: (end["code"], end["result"]) for name, end in ends.items()} == {
        "done": (0, "done"),
        "early": (20, "not published yet"),
        "broken": (30, "failed"),
        "busy": (25, "still running"),
    }
    assert all(end["is_scheduled"] for end in ends.values())


def the_list_tells_of_all_four(situations: Deployments) -> None:
    listed = json.loads(situations.workspace.tlc("deployments", "list", "--format", "json").stdout)
    results = {row["name"]: row["last result"] for row in listed}
    assert results == {
        "done": "done (0)",
        "early": "not published yet (20)",
        "broken": "failed (30)",
        "busy": "still running (25)",
    }
    assert all(row["installed"] == "cron" and row["drift"] == "none" for row in listed)
    assert all(row["next run"] for row in listed)


def last(situations: Deployments, name: str) -> dict[str, Any]:
    return situations.records(name)[-1]


@pytest.mark.skipif(not has_crond(), reason="there is no busybox crond, or this is not root")
def test_a_real_cron_daemon_starts_them_all(situations: Deployments, busy: None) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    tabs = situations.workspace.root / "tabs"
    tabs.mkdir()
    situations.workspace.set("deployments", crontab=f"{BUSYBOX} crontab -c {tabs}")
    applied = situations.tlc("deployments", "apply", "--to", "cron")
    assert applied.returncode == 0, applied.stderr
    assert "tlc run done" in (tabs / user).read_text()
    daemon = subprocess.Popen(
        [str(BUSYBOX), "crond", "-f", "-c", str(tabs)],
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        names = ("done", "early", "broken", "busy")
        wait_until(lambda: all(situations.records(name) for name in names), seconds=130)
    finally:
        removed = [situations.tlc("deployments", "remove", name) for name in names]
        daemon.terminate()
        daemon.wait(10)
    assert not [end.stderr for end in removed if end.returncode]
    logs_and_records_tell_of_all_four(situations)
    assert (tabs / user).read_text() == ""


def test_a_run_in_another_zone_does_nothing_until_it_is_due(deployments: Deployments) -> None:
    hour = (time.gmtime().tm_hour + 12) % 24
    schedule = {"cron": f"0 {hour} * * *", "timezone": "Asia/Kolkata"}
    deployments.write("later", parameters={"year": 2021, "month": 1}, schedule=schedule)
    assert deployments.tlc("deployments", "apply", "later", "--to", "cron").returncode == 0
    times, command = deployments.crontab.entry("later")
    assert times.endswith(" * * *")
    assert command.endswith("tlc run later --scheduled --if-due")
    run = as_cron_starts(command)
    assert (*run.communicate(timeout=60), run.returncode) == ("", "", 0)
    assert not (deployments.runs / "later.log").exists()
    assert not deployments.records("later")
