"""``luigi --module pipeline LoadZones``, as a user runs it in a fresh checkout."""

import signal
from pathlib import Path

import pytest

FAMILIES = {"DownloadZones()", "UploadZonesToGCS()", "LoadZones()"}


@pytest.fixture
def dying(workspace):
    """Run the command in a worker that is killed at a moment."""
    workspace.variables["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    command = workspace.command(task="LoadZones")[1:]
    return lambda moment: workspace.run("python", "-m", "support.dying_worker", moment, *command)


def ran(done):
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return {family for family in FAMILIES if f"running   {family}" in done.stderr}


def test_a_killed_load_is_ended_once_by_the_same_command_and_then_nothing_is_left_to_do(
    workspace, dying
):
    assert dying("pipeline.bigquery.ledger.record").returncode == -signal.SIGKILL
    assert ran(workspace.load(task="LoadZones")) == {"LoadZones()"}
    assert ran(workspace.load(task="LoadZones")) == set()
    (told,) = workspace.query(
        "SELECT COUNT(*) AS zones, COUNTIF(Borough = 'N/A') AS outside, "
        "(SELECT COUNT(*) FROM _loads WHERE service = 'zones' AND month IS NULL) AS loads "
        "FROM taxi_zones"
    )
    assert told == {"zones": 265, "outside": 1, "loads": 1}
    assert workspace.litter() == []
