"""Two agents in folders of their own, with nothing shared but luigid, lake and warehouse."""

import json
import re
import signal
from collections.abc import Callable

import pytest
from support.hosts import Host, ask
from support.luigid import Luigid
from support.publisher import FaultyPublisher, drip
from support.waiting import wait_until


@pytest.fixture
def one(host: Callable[[str], Host]) -> Host:
    return host("one")


@pytest.fixture
def other(host: Callable[[str], Host]) -> Host:
    return host("other")


def test_two_agents_share_the_months_and_none_is_loaded_twice_or_lost(
    one: Host, other: Host, luigid: Luigid
):
    ask(luigid, "LoadMonths", year=2021, months="1,2,3,4")
    agents = [place.agent("--until-idle") for place in (one, other)]
    told = [agent.communicate(timeout=100)[1] for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], told
    loaded = one.ledger()
    assert loaded == {f"2021-0{month}": 1 for month in range(1, 5)}
    assert one.canonical() and other.canonical()
    assert sorted(one.canonical() + other.canonical()) == sorted(loaded)
    seen = json.loads(one.run("tlc", "history", "--format", "json").stdout)
    assert {run["asked_by"] for run in seen} == {"agent"}
    assert sorted(run["task"] for run in seen) == ["LoadMonthToBQ"] * 4 + ["LoadMonths"]
    assert sum(run["months_loaded"] for run in seen) == 4
    for text in told:
        taken = re.findall("running +(LoadMonthToBQ.*)", text)
        assert taken and all(re.search(f"done +{re.escape(task)}", text) for task in taken)


def test_a_killed_agents_month_is_taken_over_by_one_that_lacks_its_files(
    one: Host, other: Host, luigid: Luigid
):
    ask(luigid, "LoadMonthToBQ", year=2021, month=7)
    killed = one.agent()
    wait_until(lambda: [*one.data.rglob("raw/**/*.parquet")])
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=20)
    assert luigid.tasks()["LoadMonthToBQ"]["status"] == "RUNNING"
    heir = other.agent("--until-idle")
    told = heir.communicate(timeout=100)[1]
    assert heir.returncode == 0
    assert "done      LoadMonthToBQ(service=yellow, year=2021, month=7)" in told
    assert other.ledger() == {"2021-07": 1}
    assert other.canonical() == ["2021-07"]


def test_an_agent_that_is_asked_to_end_leaves_its_month_to_others_and_nothing_half_done(
    one: Host, luigid: Luigid
):
    with FaultyPublisher() as publisher:
        publisher.serve(bytes(50_000), "yellow_tripdata_2021-08.parquet").always = drip(seconds=60)
        one.variables["TLC_BASE_URL"] = publisher.url
        ask(luigid, "LoadMonthToBQ", year=2021, month=8)
        agent = one.agent()
        wait_until(lambda: luigid.tasks()["LoadMonthToBQ"]["status"] == "RUNNING")
        agent.send_signal(signal.SIGTERM)
        told = agent.communicate(timeout=20)[1]
    assert agent.returncode == 0
    assert "ended by a signal; 1 running tasks left to other agents" in told
    task = luigid.tasks()["LoadMonthToBQ"]
    assert task["status"] == "FAILED"
    assert luigid.ask("fetch_error", task_id=task["id"])["error"] == ""
    assert "Traceback" not in told


def test_an_agent_outlives_luigid_and_goes_on_when_it_is_back(one: Host, luigid: Luigid):
    agent = one.agent()
    lines = iter(agent.stderr.readline, "")
    assert next(line for line in lines if "agent of queue default" in line)
    luigid.stop()
    assert next(line for line in lines if "does not answer" in line)
    luigid.start()
    assert next(line for line in lines if "answers again" in line)
    ask(luigid, "DownloadMonth", year=2021, month=9)
    assert next(line for line in lines if "done      DownloadMonth" in line)
    agent.send_signal(signal.SIGINT)
    assert "Traceback" not in agent.communicate(timeout=20)[1]
    assert agent.returncode == 0
