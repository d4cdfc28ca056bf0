"""On which terms an agent runs a deployment's task: those of its own host's file."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from support.hook_server import HookServer, hook_server
from support.hosts import Host, asked
from support.luigid import Luigid
from support.publisher import FaultyPublisher, drip, page
from support.sandbox import RunningSandbox

from pipeline.agents import luigid as agents_luigid
from pipeline.agents.luigid import Queue
from pipeline.agents.terms import Terms, as_resource, asked_by, named, terms
from pipeline.agents.trigger import request
from pipeline.core.errors import BadRequest, NotPublished, PipelineError, Terminal, Transient
from pipeline.deployments.reading import read

FILE = """
task: LoadAll
schedule: {cron: 0 6 1 * *}
queue: nightly
retries: 2
timeout: 1h
environment: {TLC_BUCKET: mine}
"""


@pytest.fixture
def file(tmp_path: Path, setting) -> Path:
    setting("deployments", folder=str(tmp_path), retry_pause="0.01")
    (tmp_path / "monthly.yaml").write_text(FILE, encoding="utf-8")
    return tmp_path / "monthly.yaml"


def test_luigid_is_told_a_name_and_a_version_and_tells_them_back(file: Path) -> None:
    name = named(read("monthly"))
    assert asked_by({"queue-nightly": 1, **as_resource(name)}) == name
    assert [asked_by(told) for told in (None, {}, {"queue-nightly": 1})] == ["", "", ""]
    assert as_resource("") == {}


def test_a_deployments_task_has_its_environment_its_tries_and_the_time_of_all_of_them(
    file: Path,
) -> None:
    deployed = read("monthly")
    found = terms(named(deployed))
    assert (found.deployment, found.version) == ("monthly", deployed.version)
    assert (found.environment, found.retries) == ({"TLC_BUCKET": "mine"}, 2)
    assert found.timeout == timedelta(hours=3, seconds=0.02)


def test_a_task_of_nobodys_is_tried_once_in_the_agents_own_environment() -> None:
    found = terms("")
    assert (found.deployment, found.environment, found.retries) == ("", {}, 0)
    assert found.timeout is None


def test_the_hosts_own_file_holds_and_another_version_is_told(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = read("monthly").version
    assert terms("monthly@0123456789ab").version == version
    assert (
        f"monthly was asked for in version '0123456789ab'; this host has {version}" in caplog.text
    )
    caplog.clear()
    terms(f"monthly@{version}")
    assert not caplog.text


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("monhtly@0", "there is no deployment monhtly; .*expected: monthly"),
        ("../monthly@0", "bad name of a deployment"),
        ("@0", "bad name of a deployment"),
    ],
)
def test_what_this_host_has_no_file_of_is_refused(file: Path, asked: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        terms(asked)


def test_what_chooses_other_settings_than_the_agent_has_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(FILE.replace("TLC_BUCKET: mine", "PIPELINE_PROFILE: gcp"), encoding="utf-8")
    told = "monthly is for agents under another PIPELINE_PROFILE; seen: none; expected: gcp; next: "
    with pytest.raises(BadRequest) as refused:
        terms("monthly@0")
    assert str(refused.value) == f"{told}PIPELINE_PROFILE=gcp tlc agent --queue nightly"
    monkeypatch.setenv("PIPELINE_PROFILE", "gcp")
    assert terms("monthly@0").environment == {"PIPELINE_PROFILE": "gcp"}


def failing(times: int, error: PipelineError):
    """What fails so many times, and then returns how often it was asked."""
    asked: list[int] = []

    def make() -> int:
        asked.append(1)
        if len(asked) <= times:
            raise error
        return len(asked)

    return make, asked


def test_a_failed_task_is_tried_again_as_often_as_it_may(setting) -> None:
    setting("deployments", retry_pause="0.01")
    make, _ = failing(2, Transient("down"))
    kept = Terms(retries=2)
    assert (kept.keep(make), kept.tried.value) == (3, 3)
    make, asked = failing(3, Terminal("broken"))
    with pytest.raises(Terminal, match="broken"):
        Terms(retries=2).keep(make)
    assert len(asked) == 3


@pytest.mark.parametrize("error", [NotPublished("not yet"), BadRequest("month 13")])
def test_what_another_try_cannot_change_is_tried_once(error: PipelineError) -> None:
    make, asked = failing(9, error)
    kept = Terms(retries=2)
    with pytest.raises(type(error)):
        kept.keep(make)
    assert (len(asked), kept.tried.value) == (1, 1)


def test_luigid_keeps_whose_a_task_is_as_the_newest_request_has_it(
    file: Path, luigid: Luigid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents_luigid, "GRACE_SECONDS", 0)
    nobodys = asked(luigid, "LoadAll", queue="nightly")
    nobodys.send()
    one, task = Queue(luigid.url, "nightly"), nobodys.data["task_id"]
    assert taken(one, "one") == ""
    one.add_task(worker="one", task_id=task, status="FAILED", expl='"told"', new_deps=[])
    dataclasses.replace(request(read("monthly"), {}), address=luigid.url).send()
    assert taken(one, "one") == named(read("monthly"))
    assert one.hand_back("one") == 1
    heir = Queue(luigid.url, "nightly")
    heir.ping("heir")
    assert taken(heir, "heir") == named(read("monthly"))
    assert heir.terms(task).retries == 2
    heir.add_task(worker="heir", task_id=task, status="FAILED", expl='"told"', new_deps=[])
    nobodys.send()
    assert taken(heir, "heir") == ""


def taken(queue: Queue, worker: str) -> str:
    """The deployment of the task that an agent is given."""
    reply = queue.get_work(worker=worker, host="h", assistant=False, current_tasks=[])
    return str(reply["task_params"]["deployment"])


def test_a_task_of_a_deployment_that_this_host_lacks_fails_with_one_line(
    file: Path, luigid: Luigid, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = dataclasses.replace(request(read("monthly"), {}), address=luigid.url)
    file.unlink()
    wanted.send()
    agent, task = Queue(luigid.url, "nightly"), wanted.data["task_id"]
    reply = agent.get_work(worker="one", host="h", assistant=False, current_tasks=[])
    assert reply["task_id"] is None
    assert luigid.task(task)["status"] == "FAILED"
    told = luigid.ask("fetch_error", task_id=task)["error"]
    assert told.startswith("refused: there is no deployment monthly")


def test_the_months_that_a_deployments_task_names_are_run_as_the_deployment_says(
    host: Callable[[str], Host],
    luigid: Luigid,
    sandbox: RunningSandbox,
    hook: HookServer,
    setting,
    tmp_path: Path,
) -> None:
    month = "yellow_tripdata_2021-01.parquet"
    content = requests.get(f"{sandbox.url}/trip-data/{month}", timeout=30).content
    one, folder = host("one"), tmp_path / "deployments"
    folder.mkdir()
    one.set("deployments", folder=folder, retry_pause=0.1)
    one.set("connection:chat", kind="apprise", url="env:CHAT")
    one.variables["CHAT"] = f"json://{hook.place}"
    setting("deployments", folder=str(folder))
    with FaultyPublisher() as publisher:
        publisher.serve(content, month).faults += [page()]
        one.variables["TLC_BASE_URL"] = "http://127.0.0.1:1/nobody"
        (folder / "some.yaml").write_text(
            f"""
task: LoadMonths
parameters: {{year: 2021, months: "1", to: lake}}
schedule: {{cron: 0 6 1 * *}}
environment: {{TLC_BASE_URL: "{publisher.url}"}}
notifications: [chat]
retries: 1
""",
            encoding="utf-8",
        )
        dataclasses.replace(request(read("some"), {}), address=luigid.url).send()
        agent = one.agent("--until-idle")
        told = agent.communicate(timeout=100)[1]
    assert agent.returncode == 0, told
    assert "once more in 0.1 s" in told
    assert not [name for name, task in luigid.tasks().items() if "deployment" in task["params"]]
    lines = (one.data / "runs" / "_agent.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [json.loads(line) for line in lines]
    version = read("some").version
    assert {(run["on_behalf_of"], run["version"]) for run in kept} == {("some", version)}, told
    assert hook.told == [], "no host knows the whole run, and a message a month would be many"
    assert [(run["command"][1], run["tries"], run["result"]) for run in kept] == [
        ("UploadMonthToGCS", 2, "done"),
        ("LoadMonths", 1, "done"),
    ]


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as running:
        yield running


def test_a_task_that_outlasts_its_deployments_time_is_ended_and_told_of(
    host: Callable[[str], Host], luigid: Luigid, hook: HookServer, setting, tmp_path: Path
) -> None:
    one, folder = host("one"), tmp_path / "deployments"
    folder.mkdir()
    one.set("deployments", folder=folder)
    one.set("connection:chat", kind="apprise", url="env:CHAT")
    setting("deployments", folder=str(folder))
    with FaultyPublisher() as publisher:
        month = "yellow_tripdata_2021-01.parquet"
        publisher.serve(bytes(50_000), month).always = drip(seconds=300)
        (folder / "some.yaml").write_text(
            f"""
task: DownloadMonth
parameters: {{year: 2021, month: 1}}
schedule: {{cron: 0 6 1 * *}}
environment: {{TLC_BASE_URL: "{publisher.url}", CHAT: "json://{hook.place}"}}
notifications: [chat]
retries: 0
timeout: 2s
""",
            encoding="utf-8",
        )
        dataclasses.replace(request(read("some"), {}), address=luigid.url).send()
        agent = one.agent("--until-idle")
        told = agent.communicate(timeout=100)[1]
    assert agent.returncode == 0, told
    (line,) = (one.data / "runs" / "_agent.jsonl").read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert kept["told"].endswith("timed out after 2 seconds and was terminated.")
    ((title, body),) = hook.told
    assert title == "some: failed, 1 failed"
    assert kept["run_id"] in body and "timed out after 2 seconds" in body
    assert "/tlc trigger some" in body
    assert f"{kept['run_id']} - some: told chat (JSON)" in told
