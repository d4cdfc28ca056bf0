"""``tlc history`` of real runs: by a deployment, and by plain ``luigi``."""

import json

import yaml
from support.workspace import Workspace


def test_a_deployments_run_is_shown_with_its_months_and_a_load_by_hand_beside_it(
    workspace: Workspace,
):
    folder = workspace.root / "deployments"
    folder.mkdir()
    parameters = {"year": "2009", "months": "1"}
    asked = {"task": "LoadMonths", "parameters": parameters, "schedule": {"cron": "0 0 1 1 *"}}
    workspace.set("deployments", folder=folder, retry_pause=0)
    (folder / "some.yaml").write_text(yaml.safe_dump(asked | {"retries": 0}), encoding="utf-8")
    assert workspace.run("tlc", "run", "some").returncode == 0
    assert workspace.load("--year", 2021, "--month", 2).returncode == 0
    shown = workspace.run("tlc", "history", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    by_hand, done = json.loads(shown.stdout)
    assert (by_hand["asked_by"], by_hand["task"]) == ("luigi", "LoadMonthToBQ")
    assert by_hand["parameters"] == "--service=yellow --year=2021 --month=2"
    assert (done["deployment"], done["asked_by"], done["result"]) == ("some", "user", "done")
    assert (done["months_loaded"], done["months_failed"]) == (1, 0)
    assert workspace.run("tlc", "sandbox", "stop").returncode == 0
    assert workspace.run("tlc", "history", "--format", "json").stdout == shown.stdout
