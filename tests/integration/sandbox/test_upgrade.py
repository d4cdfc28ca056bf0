"""A sandbox that another version of the program left running, and who ends it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.waiting import wait_until
from support.workspace import Workspace, client_of

from pipeline.core.errors import Transient
from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.sandbox import lifecycle

OLDER_PROGRAM = """
import runpy
from pipeline.core import provenance
provenance.PIPELINE_VERSION = "0.0.9"
runpy.run_module("pipeline.sandbox", run_name="__main__")
"""


@pytest.fixture
def older(workspace: Workspace) -> Iterator["subprocess.Popen[bytes]"]:
    """The workspace's sandbox, started by another version of the program."""
    root = workspace.data / "sandbox"
    options = ["--root", str(root), "--port", "0", "--sample-rows", "10"]
    process = subprocess.Popen([sys.executable, "-c", OLDER_PROGRAM, *options])
    wait_until(lambda: workspace.sandbox)
    yield process
    workspace.close()
    process.wait(timeout=30)


@pytest.fixture
def root(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace's sandbox folder, which is this process's, too."""
    folder = workspace.data / "sandbox"
    monkeypatch.setattr(lifecycle, "sandbox_root", lambda: folder)
    return folder


def running(place: Workspace) -> lifecycle.SandboxServer:
    assert place.sandbox is not None
    return place.sandbox


def start(place: Workspace) -> str:
    """Ask for the sandbox and return what was logged."""
    done = place.run("tlc", "sandbox", "start")
    assert done.returncode == 0, done.stderr
    return without_time(done.stderr)


def without_time(told: str) -> str:
    """Lines of a log without time, run and task."""
    return re.sub(r"(?m)^\S+ \S+ (WARNING) \S+ - ", r"\1 ", told)


def replaced(version: str) -> str:
    return (
        f"WARNING the sandbox of version {version} is replaced by one of version "
        f"{PIPELINE_VERSION}\n"
    )


def test_one_of_another_version_is_replaced_and_what_it_holds_stays(
    workspace: Workspace, older: "subprocess.Popen[bytes]"
) -> None:
    assert running(workspace).version == "0.0.9"
    client_of(workspace).create_dataset("kept")
    buckets = f"{running(workspace).url}/storage/v1/b?project=p"
    made = requests.post(buckets, json={"name": "kept"}, timeout=9)
    assert made.status_code == 200
    assert start(workspace) == replaced("0.0.9")
    assert older.wait(timeout=30) == 0
    assert [dataset.dataset_id for dataset in client_of(workspace).list_datasets()] == ["kept"]
    url = f"{running(workspace).url}/storage/v1/b/kept"
    assert requests.get(url, timeout=9).status_code == 200
    assert start(workspace) == ""


def test_status_and_health_tell_the_version_and_replace_nothing(
    workspace: Workspace, older: "subprocess.Popen[bytes]"
) -> None:
    told = workspace.run("tlc", "sandbox", "status").stdout
    assert f"(pid {older.pid}), version 0.0.9, " in told
    health = requests.get(f"{running(workspace).url}/sandbox/health", timeout=9).json()
    assert (health["pid"], health["version"]) == (older.pid, "0.0.9")


def test_commands_at_once_replace_it_once(
    workspace: Workspace, older: "subprocess.Popen[bytes]"
) -> None:
    commands = [workspace.popen("tlc", "sandbox", "start") for _ in range(3)]
    told = [command.communicate(timeout=60) for command in commands]
    now = running(workspace)
    assert {out for out, _ in told} == {f"sandbox running at {now.url} (pid {now.pid})\n"}
    assert {without_time(err) for _, err in told} - {""} == {replaced("0.0.9")}
    assert older.wait(timeout=30) == 0


def test_a_command_that_met_the_old_one_does_not_end_the_new_one(
    workspace: Workspace,
    older: "subprocess.Popen[bytes]",
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [running(workspace)]
    start(workspace)
    now = running(workspace)
    find = lifecycle.find
    monkeypatch.setattr(lifecycle, "find", lambda root: answers.pop() if answers else find(root))
    assert lifecycle.ensure_running() == now
    assert running(workspace) == now
    assert older.wait(timeout=30) == 0


def test_a_process_that_another_commands_was_faster_than_does_not_outlive_the_question(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(workspace)
    now, spawn, spawned = running(workspace), lifecycle._spawn, list[Any]()
    find, answers = lifecycle.find, [None, None]
    monkeypatch.setattr(lifecycle, "find", lambda root: answers.pop() if answers else find(root))
    monkeypatch.setattr(
        lifecycle, "_spawn", lambda root: spawned.append(spawn(root)) or spawned[-1]
    )
    assert lifecycle.ensure_running() == now
    [late] = spawned
    assert late.poll() == -signal.SIGKILL
    assert running(workspace) == now


@pytest.mark.parametrize(
    ("more", "version"), [({}, "unknown"), ({"version": "9.0", "replicas": 3}, "9.0")]
)
def test_one_that_tells_no_version_or_a_later_one_is_replaced(
    workspace: Workspace, more: dict[str, Any], version: str
) -> None:
    start(workspace)
    server = running(workspace)
    told = {"pid": server.pid, "port": server.port, "url": server.url, **more}
    (workspace.data / "sandbox" / "server.json").write_text(json.dumps(told))
    assert start(workspace) == replaced(version)
    assert running(workspace).pid != server.pid
    assert running(workspace).version == PIPELINE_VERSION


def test_an_old_one_that_does_not_end_is_told(
    older: "subprocess.Popen[bytes]", root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older.send_signal(signal.SIGSTOP)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(lifecycle, "START_SECONDS", 0.2)
            with pytest.raises(Transient, match=rf"sandbox \(pid {older.pid}\) does not stop"):
                lifecycle.ensure_running()
    finally:
        older.send_signal(signal.SIGCONT)
    assert older.wait(timeout=30) == 0
