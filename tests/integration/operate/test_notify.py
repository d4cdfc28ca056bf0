"""``tlc notify``: a message through each connection, and what is overdue."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support.deployments import Deployments
from support.hook_server import HookServer, hook_server
from support.workspace import Workspace, free_port

CANARY = "canary-5up3r"


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as running:
        yield running


@pytest.fixture
def deployments(workspace: Workspace, hook: HookServer) -> Deployments:
    workspace.variables["CHAT"] = f"json://{hook.place}/{CANARY}"
    workspace.variables["DEAD"] = f"http://127.0.0.1:{free_port()}/{CANARY}"
    workspace.set("connection:chat", kind="apprise", url="env:CHAT")
    return Deployments(workspace)


def tlc(deployments: Deployments, *words: object) -> tuple[int, str, str]:
    done = deployments.workspace.tlc("notify", *words)
    assert CANARY not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_test_message_goes_through_each_connection_that_carries_messages(
    deployments: Deployments, hook: HookServer
) -> None:
    code, said, wrong = tlc(deployments, "test")
    assert (code, wrong) == (0, "")
    assert said.startswith("told chat (JSON): tlc: a test from ")
    ((title, body),) = hook.told
    assert title.startswith("tlc: a test from ") and "This way is open" in body


def test_one_that_does_not_take_it_is_told_and_the_others_are_tried(
    deployments: Deployments, hook: HookServer
) -> None:
    deployments.workspace.set("connection:bad", kind="webhook")
    deployments.workspace.set("connection:dead", kind="webhook", url="env:DEAD")
    code, said, wrong = tlc(deployments, "test")
    assert code == 30
    assert len(hook.told) == 1 and said.startswith("told chat")
    bad, dead, last = wrong.splitlines()
    assert bad.startswith("WARNING bad is not told: [connection:bad] url is missing")
    assert dead.startswith("WARNING dead is not told: no message went through dead; seen: ")
    assert last.startswith("ERROR not every message went through; seen: bad, dead; next: ")
    assert tlc(deployments, "test", "chat")[0] == 0


def test_where_no_connection_carries_messages_it_is_told_how_to_add_one(
    workspace: Workspace,
) -> None:
    code, _, wrong = tlc(Deployments(workspace), "test")
    assert code == 30
    assert wrong.startswith("ERROR no connection carries messages; ")


def ran(deployments: Deployments, name: str, ago: timedelta) -> None:
    """A record of a scheduled run on this host."""
    ended = (datetime.now(UTC) - ago).isoformat(timespec="seconds")
    record = {"deployment": name, "version": "v", "command": ["pipeline", "DownloadMonth"],
              "is_scheduled": True, "started": ended, "ended": ended, "tries": 1, "code": 0,
              "result": "done", "told": ""}  # fmt: skip
    deployments.runs.mkdir(parents=True, exist_ok=True)
    (deployments.runs / f"{name}.jsonl").write_text(json.dumps(record) + "\n")


def test_what_has_not_run_is_said_and_sent_and_ends_with_10(
    deployments: Deployments, hook: HookServer
) -> None:
    for name in ("late", "fresh", "never"):
        deployments.write(name, notifications=["chat"])
    ran(deployments, "late", timedelta(days=9))
    ran(deployments, "fresh", timedelta(minutes=1))
    code, said, wrong = tlc(deployments, "overdue")
    assert (code, wrong) == (10, "")
    line, told = said.splitlines()
    assert line.startswith("late: nothing has run for 9 days; the last time was ")
    assert told.startswith("told chat (JSON): late: nothing has run for 9 days")
    ((title, body),) = hook.told
    assert title == line
    assert "run it: cd " in body and body.splitlines()[-2].endswith("/tlc run late")


def test_what_has_run_is_nothing_to_tell_of(deployments: Deployments, hook: HookServer) -> None:
    deployments.write("fresh", notifications=["chat"])
    ran(deployments, "fresh", timedelta(minutes=1))
    assert tlc(deployments, "overdue", "--days", 3, "fresh") == (0, "", "")
    assert hook.told == []


def test_where_the_history_cannot_be_read_nothing_is_said_to_be_in_order(
    deployments: Deployments,
) -> None:
    place = f"http://127.0.0.1:{free_port()}"
    deployments.workspace.set("connection:sandbox", endpoint=place, timeout=1)
    code, said, wrong = tlc(deployments, "overdue")
    assert (code, said) == (30, "")
    assert "BigQuery" in wrong


def test_one_that_is_installed_here_and_never_ran_is_overdue_unless_it_is_paused(
    deployments: Deployments,
) -> None:
    path = deployments.write("never", parameters={"year": 2021, "month": 1})
    assert tlc(deployments, "overdue") == (0, "", "")
    assert deployments.workspace.tlc("deployments", "apply", "--to", "cron").returncode == 0
    assert tlc(deployments, "overdue") == (0, "", "")
    long_ago = (datetime.now(UTC) - timedelta(days=5)).timestamp()
    os.utime(path, (long_ago, long_ago))
    code, said, _ = tlc(deployments, "overdue")
    assert (code, said) == (10, "never: nothing has run for 5 days; it never has\n")
    deployments.workspace.tlc("deployments", "pause", "never")
    assert tlc(deployments, "overdue") == (0, "", "")
