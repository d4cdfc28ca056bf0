"""Queues at a real luigid: who is given what, how much at once, and what is refused."""

import logging

import pytest
from support.hosts import ask, asked
from support.luigid import Luigid

from pipeline.agents import luigid as agents_luigid
from pipeline.agents.agent import Agent
from pipeline.agents.luigid import Queue


def queue(luigid: Luigid, name: str) -> Queue:
    return Queue(luigid.url, name)


def taken(agent: Queue, worker: str, running: tuple[str, ...] = ()) -> str | None:
    """Ask for work, as Luigi's worker does."""
    asked = agent.get_work(worker=worker, host="h", assistant=False, current_tasks=[*running])
    return asked["task_id"]


def test_an_agent_is_given_the_tasks_of_its_queue_and_no_others(one_luigid: Luigid):
    task = ask(one_luigid, "LoadMonthToBQ", queue="big", year=2021, month=1)
    run = asked(one_luigid, "LoadMonthToBQ", year=2021, month=2).data
    one_luigid.ask("add_task", **{**run, "worker": "a run's own", "resources": {}})
    assert taken(queue(one_luigid, "small"), "one 0") is None
    assert taken(queue(one_luigid, "big"), "two 0") == task
    assert taken(queue(one_luigid, "big"), "two 0", (task,)) is None
    assert one_luigid.task(task)["worker_running"] == "two 0"


def test_a_task_is_given_to_one_agent_only(one_luigid: Luigid):
    task = ask(one_luigid, "LoadMonthToBQ", queue="once", year=2021, month=3)
    one, two = queue(one_luigid, "once"), queue(one_luigid, "once")
    one_luigid.ask("update_resource", resource="queue-once", amount=2)
    assert [taken(one, "one 1"), taken(two, "two 1"), taken(one, "one 1", (task,))] == [
        task,
        None,
        None,
    ]


def test_a_queue_runs_as_many_at_once_as_its_resource_allows(one_luigid: Luigid):
    tasks = [ask(one_luigid, "LoadMonthToBQ", queue="few", year=2021, month=m) for m in (4, 5)]
    one, two = queue(one_luigid, "few"), queue(one_luigid, "few")
    assert taken(one, "one 2") == tasks[0]
    assert taken(two, "two 2") is None
    one_luigid.ask("update_resource", resource="queue-few", amount=2)
    assert taken(two, "two 2") == tasks[1]


def test_a_failed_task_is_not_taken_again_until_it_is_asked_for(
    one_luigid: Luigid, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(agents_luigid, "GRACE_SECONDS", 0)
    month = {"queue": "again", "year": 2021, "month": 6}
    task, agent = ask(one_luigid, "LoadMonthToBQ", **month), queue(one_luigid, "again")
    agent.ping("one 3")
    assert taken(agent, "one 3") == task
    agent.add_task(worker="one 3", task_id=task, status="FAILED", expl='"told"', new_deps=[])
    assert taken(agent, "one 3") is None
    assert not agent.is_busy()
    ask(one_luigid, "LoadMonthToBQ", **month)
    assert taken(agent, "one 3") == task
    assert agent.hand_back("one 3") == 1
    assert agent.is_busy()
    heir = queue(one_luigid, "again")
    heir.ping("two 3")
    assert taken(heir, "two 3") == task


def test_a_task_some_of_whose_months_failed_says_how_many(one_luigid: Luigid):
    green = {"service": "green", "year": 2021}
    wrapper = ask(one_luigid, "LoadMonths", queue="some", **green, months="1,2,3")
    agent = queue(one_luigid, "some")
    assert taken(agent, "one 5") == wrapper
    months = [asked(one_luigid, "LoadMonthToBQ", "some", **green, month=m).data for m in (1, 2, 3)]
    for month in months:
        agent.add_task(**{**month, "worker": "one 5"})
    names = [month["task_id"] for month in months]
    agent.add_task(worker="one 5", task_id=wrapper, status="PENDING", new_deps=names)
    for status in ("DONE", "FAILED"):
        month = taken(agent, "one 5")
        agent.add_task(worker="one 5", task_id=month, status=status, expl='"told"', new_deps=[])
    task = one_luigid.task(wrapper)
    assert task["status"] == "PENDING"
    assert task["status_message"] == "of 3 missing months 1 are there now, 1 failed"
    asked_for = one_luigid.ask("task_list", status="PENDING", upstream_status="UPSTREAM_FAILED")
    assert wrapper in asked_for


def test_what_an_agent_runs_is_known_again_to_a_luigid_that_forgot_everything(one_luigid: Luigid):
    month = {"queue": "lost", "year": 2021, "month": 7}
    task, agent = ask(one_luigid, "LoadMonthToBQ", **month), queue(one_luigid, "lost")
    agent.ping("one 4")
    assert taken(agent, "one 4") == task
    one_luigid.process.kill()
    one_luigid.stop()
    agent.ping("one 4")
    one_luigid.start()
    assert one_luigid.task(task) is None
    agent.ping("one 4")
    assert one_luigid.task(task)["worker_running"] == "one 4"
    ask(one_luigid, "LoadMonthToBQ", **month)
    assert taken(queue(one_luigid, "lost"), "two 4") is None


@pytest.mark.parametrize("family", ["LoadMonthToBQ", "system"])
def test_an_agent_refuses_another_module_in_one_line_and_goes_on(
    one_luigid: Luigid, caplog: pytest.LogCaptureFixture, family: str
):
    wanted = asked(one_luigid, "LoadMonthToBQ", queue="evil", year=2021, month=8).data
    one_luigid.ask("add_task", **{**wanted, "module": "os", "family": family, "task_id": family})
    with caplog.at_level(logging.INFO), Agent(queue(one_luigid, "evil"), 1, True) as agent:
        agent.run()
    refused = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(refused) == 1
    assert refused[0].startswith(f"refused {family!r}: ")
    assert one_luigid.task(family)["status"] == "FAILED"
    assert "refused: " in one_luigid.ask("fetch_error", task_id=family)["error"]


def test_an_agent_refuses_what_is_forced_upon_it_by_its_name_or_as_a_batch(one_luigid: Luigid):
    agent = queue(one_luigid, "forced")
    evil = {"family": "system", "module": "os", "runnable": True, "batchable": True}
    one_luigid.ask("add_task_batcher", worker="me", task_family="system", batched_args=["a"])
    for name in ("Evil1", "Evil2"):
        one_luigid.ask("add_task", worker="me", task_id=name, params={"a": name}, **evil)
    reply = agent.get_work(worker="me", host="h", assistant=False, current_tasks=[])
    assert reply["task_id"] is None and "batch_id" not in reply
    assert [one_luigid.task(name)["status"] for name in ("Evil1", "Evil2")] == ["FAILED"] * 2


def test_nobody_at_luigid_changes_how_many_tasks_an_agent_runs(one_luigid: Luigid):
    agent = queue(one_luigid, "quiet")
    agent.add_worker("me", [])
    one_luigid.ask("set_worker_processes", worker="me", n=1000)
    assert agent.ping("me") is None
