"""The command ``tlc`` itself: its two names, its help, and how it refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.workspace import Workspace

from pipeline.core.settings import PROJECT_ROOT


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["sandbox", "status"], ["query"]])
def test_python_m_pipeline_is_the_same_command(workspace: Workspace, words: list[str]) -> None:
    command = [sys.executable, "-m", "pipeline", *words]
    module = subprocess.run(
        command, env=workspace.environment, cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    script = workspace.run("tlc", *words)
    assert (module.returncode, module.stdout, module.stderr) == (
        script.returncode,
        script.stdout,
        script.stderr,
    )


def test_help_lists_every_command(workspace: Workspace) -> None:
    told = workspace.run("tlc", "--help").stdout
    for command in ("status", "query", "samples", "schema", "sandbox", "demo"):
        assert f"  {command} " in told


@pytest.mark.parametrize(
    "words",
    [
        ["wrong"],
        ["status", "--format", "csv"],
        ["query"],
        ["query", "SELECT 1", "--format", "xml"],
        ["sandbox", "restart"],
        ["sandbox", "stop", "--now"],
        ["demo", "--fast"],
    ],
)
def test_a_wrong_option_is_a_usage_error_and_starts_nothing(
    workspace: Workspace, words: list[str]
) -> None:
    done = workspace.run("tlc", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: tlc")
    assert not workspace.data.exists()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PIPELINE_PROFILE": "gpc"}, "unknown PIPELINE_PROFILE; seen: gpc; expected: gcp"),
        ({"PIPELINE_PROFILE": "gcp"}, "GOOGLE_CLOUD_PROJECT"),
    ],
)
def test_settings_that_cannot_be_are_one_line(
    workspace: Workspace, variables: dict[str, str], told: str
) -> None:
    workspace.variables |= variables
    done = workspace.run("tlc", "status")
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR ")
    assert told in line


def test_a_full_disk_under_the_answer_is_one_line(workspace: Workspace) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "settings"],
            env=workspace.environment, cwd=PROJECT_ROOT, stdout=full, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR no room is left for what is written; ")


def test_a_refusal_is_a_line_of_json_where_that_is_asked_for(workspace: Workspace) -> None:
    done = workspace.tlc("--log-format", "json", "run", "nobody")
    assert (done.returncode, done.stdout) == (30, "")
    (line,) = map(json.loads, done.stderr.splitlines())
    assert (line["level"], line["task"]) == ("ERROR", "-")
    assert line["message"].startswith("there is no deployment nobody; ")
    assert re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}", line["run_id"])
