"""Queues at a real luigid: who is given what, how much at once, and what is refused."""

import logging

import pytest
from support.hosts import ask, asked
from support.luigid import Luigid

from pipeline.agents import luigid as agents_luigid
from pipeline.agents.agent import Agent
from pipeline.agents.luigid import Queue

MONTH = {"year": 2021, "month": 1}


def queue(luigid: Luigid, name: str = "default") -> Queue:
    return Queue(luigid.url, name)


def taken(agent: Queue, worker: str, running: tuple[str, ...] = ()) -> str | None:
    """Ask for work, as Luigi's worker does."""
    asked = agent.get_work(worker=worker, host="h", assistant=False, current_tasks=[*running])
    return asked["task_id"]


def test_an_agent_is_given_the_tasks_of_its_queue_and_no_others(luigid: Luigid):
    task = ask(luigid, "LoadMonthToBQ", queue="big", **MONTH)
    luigid.ask("add_task", worker="run", task_id="Run", family="LoadMonthToBQ", runnable=True)
    assert taken(queue(luigid, "default"), "one") is None
    assert taken(queue(luigid, "big"), "two") == task
    assert luigid.tasks()["LoadMonthToBQ"]["worker_running"] == "two"


def test_a_task_is_given_to_one_agent_only(luigid: Luigid):
    task = ask(luigid, "LoadMonthToBQ", **MONTH)
    one, two = queue(luigid), queue(luigid)
    assert [taken(one, "one"), taken(two, "two"), taken(one, "one", (task,))] == [task, None, None]


def test_a_queue_runs_as_many_at_once_as_its_resource_allows(luigid: Luigid):
    tasks = [ask(luigid, "LoadMonthToBQ", queue="few", year=2021, month=m) for m in (1, 2)]
    one, two = queue(luigid, "few"), queue(luigid, "few")
    assert taken(one, "one") == tasks[0]
    assert taken(two, "two") is None
    luigid.ask("update_resource", resource="queue-few", amount=2)
    assert taken(two, "two") == tasks[1]


def test_a_failed_task_is_not_taken_again_until_it_is_asked_for(
    luigid: Luigid, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(agents_luigid, "GRACE_SECONDS", 0)
    task, agent = ask(luigid, "LoadMonthToBQ", **MONTH), queue(luigid)
    agent.ping("one")
    assert taken(agent, "one") == task
    ended = {"task_id": task, "status": "FAILED", "expl": '"told"', "new_deps": []}
    agent.add_task(worker="one", **ended)
    assert taken(agent, "one") is None
    assert not agent.is_busy()
    ask(luigid, "LoadMonthToBQ", **MONTH)
    assert taken(agent, "one") == task
    assert agent.hand_back("one") == 1
    assert agent.is_busy()
    heir = queue(luigid)
    heir.ping("two")
    assert taken(heir, "two") == task


def test_what_an_agent_runs_is_known_again_to_a_luigid_that_forgot_everything(luigid: Luigid):
    task, agent = ask(luigid, "LoadMonthToBQ", **MONTH), queue(luigid)
    agent.ping("one")
    assert taken(agent, "one") == task
    luigid.process.kill()
    luigid.stop()
    agent.ping("one")
    luigid.start()
    assert not luigid.tasks()
    agent.ping("one")
    assert luigid.tasks()["LoadMonthToBQ"]["worker_running"] == "one"
    ask(luigid, "LoadMonthToBQ", **MONTH)
    assert taken(queue(luigid), "two") is None


@pytest.mark.parametrize("family", ["LoadMonthToBQ", "system"])
def test_an_agent_refuses_another_module_in_one_line_and_goes_on(
    luigid: Luigid, caplog: pytest.LogCaptureFixture, family: str
):
    wanted = asked(luigid, "LoadMonthToBQ", **MONTH).data
    luigid.ask("add_task", **{**wanted, "module": "os", "family": family})
    with caplog.at_level(logging.INFO):
        agent = Agent(queue(luigid), 1, until_idle=True)
        with agent:
            agent.run()
    refused = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(refused) == 1
    assert refused[0].startswith(f"refused '{wanted['task_id']}': ")
    told = luigid.tasks()[family]
    assert told["status"] == "FAILED"
    assert "refused: " in luigid.ask("fetch_error", task_id=told["id"])["error"]


def test_an_agent_refuses_what_is_forced_upon_it_by_its_name_or_as_a_batch(luigid: Luigid):
    agent = queue(luigid)
    evil = {"family": "system", "module": "os", "runnable": True, "batchable": True}
    luigid.ask("add_task_batcher", worker="one", task_family="system", batched_args=["a"])
    for name in ("Evil1", "Evil2"):
        luigid.ask("add_task", worker="one", task_id=name, params={"a": name}, **evil)
    assert taken(agent, "one") is None
    assert "batch_id" not in agent.get_work(worker="one", host="h", current_tasks=[])
    assert luigid.tasks()["system"]["status"] == "FAILED"


def test_nobody_at_luigid_changes_how_many_tasks_an_agent_runs(luigid: Luigid):
    agent = Agent(queue(luigid), 1, until_idle=True)
    agent._add_worker()
    luigid.ask("set_worker_processes", worker=agent._id, n=1000)
    assert agent._scheduler.ping(worker=agent._id) is None
