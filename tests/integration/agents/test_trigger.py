"""``tlc trigger``: what luigid is asked, also by curl, and what is refused."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.luigid import Luigid

from pipeline.agents.trigger import request
from pipeline.core.errors import BadRequest, Terminal, Transient
from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.reading import read
from pipeline.operate.cli import tlc

SECRET = "env:KEPT_FROM_LUIGID"
MONTHLY = f"""
task: LoadPublished
parameters: {{to: bigquery, since: 2024-01}}
schedule: {{cron: 0 6 1 * *}}
environment: {{DB_PASSWORD: {SECRET}}}
queue: nightly
"""


@pytest.fixture
def configured_luigid(one_luigid: Luigid, tmp_path: Path, setting) -> Luigid:
    (tmp_path / "monthly.yaml").write_text(MONTHLY, encoding="utf-8")
    setting("deployments", folder=str(tmp_path))
    setting("core", scheduler_url=one_luigid.url)
    return one_luigid


def trigger(*words: str) -> Result:
    return CliRunner().invoke(tlc, ["trigger", *words])


def test_a_deployments_task_is_asked_for_with_its_parameters_and_queue(configured_luigid: Luigid):
    done = trigger("monthly", "-p", "since=2025-03")
    assert done.exit_code == 0, done.output
    task = configured_luigid.tasks()["LoadPublished"]
    assert task["status"] == "PENDING"
    assert task["params"]["since"] == "2025-03"
    version = read("monthly").version
    assert task["resources"] == {"queue-nightly": 1, f"deployment-monthly@{version}": 0}
    assert "deployment" not in task["params"]
    assert task["id"] in done.output
    assert "tlc agent --queue nightly" in done.output
    assert configured_luigid.url in done.output
    assert SECRET not in trigger("monthly", "--print").output


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_printed_curl_command_asks_the_same(configured_luigid: Luigid):
    words = ("monthly", "-p", "since=2025-04")
    printed = trigger(*words, "--print").output
    task_id = json.loads(shlex.split(printed)[-2].removeprefix("data="))["task_id"]
    assert configured_luigid.task(task_id) is None
    subprocess.run(["/bin/sh", "-c", printed], check=True, timeout=20)
    by_curl = configured_luigid.task(task_id)
    assert by_curl["workers"] == ["tlc trigger"]
    assert trigger(*words).exit_code == 0
    assert configured_luigid.task(task_id) | {"last_updated": 0} == by_curl | {"last_updated": 0}


def test_the_curl_command_of_the_documentation_is_the_printed_one(configured_luigid: Luigid):
    page = (PROJECT_ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    words = ["curl --fail", "--data-urlencode", "/api/add_task", '"worker": "tlc trigger"']
    printed = trigger("monthly", "--print").output
    for word in [*words, *(f'"{key}"' for key in ("task_id", "family", "module", "params"))]:
        assert word in printed and word in page


def test_a_password_in_luigids_address_is_not_printed(configured_luigid: Luigid, setting):
    setting("core", scheduler_url="http://agent:canary@127.0.0.1:1/luigi/")
    printed = trigger("monthly", "--print").output
    assert "--user agent" in printed and "http://127.0.0.1:1/luigi/api/add_task" in printed
    assert "canary" not in printed
    failed = trigger("monthly")
    assert isinstance(failed.exception, Transient)
    assert "canary" not in str(failed.exception)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("monhtly",), "there is no deployment monhtly; .* expected: monthly"),
        (("../monthly",), "bad name of a deployment"),
        (("monthly; id",), "bad name of a deployment"),
        (("monthly", "-p", "sicne=2024-01"), "has no parameter; seen: 'sicne'; expected: since"),
        (("monthly", "-p", "since"), "bad parameter; .* expected: KEY=VALUE"),
    ],
)
def test_what_cannot_be_asked_for_is_one_clear_line(
    configured_luigid: Luigid, words: tuple[str, ...], why: str
):
    before = configured_luigid.ask("count_pending", worker="tlc trigger")
    refused = trigger(*words)
    assert isinstance(refused.exception, BadRequest)
    assert re.search(why, str(refused.exception)), refused.exception
    assert configured_luigid.ask("count_pending", worker="tlc trigger") == before


def test_no_luigid_is_one_clear_line_and_exit_code_30(workspace):
    done = workspace.run("tlc", "trigger", "monthly-bigquery")
    assert done.returncode == 30
    assert done.stderr.startswith("ERROR no luigid at http://127.0.0.1:")
    assert "next: make scheduler" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_luigid_refuses(configured_luigid: Luigid, setting):
    setting("core", scheduler_url=f"{configured_luigid.url}/elsewhere")
    with pytest.raises(Terminal, match="refused the task; seen: HTTP 404"):
        request(read("monthly"), {}).send()
