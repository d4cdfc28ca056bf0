"""luigid as a service: what it tells Prometheus, and what gets through the proxy before it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from luigi.scheduler import RPC_METHODS
from support import nginx
from support.hosts import ask, asked
from support.luigid import Luigid

from pipeline.agents.luigid import Queue
from pipeline.core.errors import Terminal

PASSWORD = "canary"


@pytest.fixture(scope="module")
def proxy(one_luigid: Luigid, tmp_path_factory: pytest.TempPathFactory) -> Iterator[nginx.Nginx]:
    if nginx.PROGRAM is None:
        pytest.skip("there is no nginx")
    root: Path = tmp_path_factory.mktemp("nginx")
    running = nginx.Nginx(root, one_luigid.port, PASSWORD)
    yield running
    running.stop()


def with_password(proxy: nginx.Nginx, password: str = PASSWORD) -> str:
    return proxy.url.replace("://", f"://agent:{password}@")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_without_the_password_changes_or_sees_anything(
    proxy: nginx.Nginx, one_luigid: Luigid, method: str, password: str | None
):
    task = ask(one_luigid, "LoadMonthToBQ", queue="kept", year=2021, month=1)
    before = one_luigid.task(task)
    wanted = {"task_id": task, "worker": "tlc trigger", "task": task, "resource": "queue-default",
              "amount": 0, "status": "DONE", "family": "LoadMonthToBQ"}  # fmt: skip
    data = {"data": json.dumps(wanted)}
    address = with_password(proxy, password) if password else proxy.url
    paths = [
        *(f"/api/{name}" for name in RPC_METHODS),
        "/",
        "/metrics",
        "/history",
        "/api/../api/pause",
    ]
    codes = {requests.request(method, address + path, params=data, timeout=10).status_code
             for path in paths}  # fmt: skip
    assert codes == {401}
    assert one_luigid.task(task) == before
    assert one_luigid.ask("is_paused") == {"paused": False}


def test_an_agent_and_a_trigger_get_through_with_the_password(
    proxy: nginx.Nginx, one_luigid: Luigid
):
    address = with_password(proxy)
    wanted = asked(one_luigid, "LoadMonthToBQ", queue="through", year=2021, month=2)
    type(wanted)(address, "through", wanted.data).send()
    queue = Queue(address, "through")
    taken = queue.get_work(worker="one", host="h", assistant=False, current_tasks=[])
    assert taken["task_id"] == wanted.data["task_id"]
    with pytest.raises(Terminal, match="refused the task; seen: HTTP 401") as refused:
        type(wanted)(with_password(proxy, "wrong"), "through", wanted.data).send()
    assert "wrong" not in str(refused.value)


def test_a_page_of_somebody_elses_changes_nothing_in_a_browser_that_knows_the_password(
    proxy: nginx.Nginx, one_luigid: Luigid
):
    def answer(site: str, path: str) -> int:
        said = {"Sec-Fetch-Site": site}
        return requests.get(with_password(proxy) + path, headers=said, timeout=10).status_code

    assert answer("cross-site", "/api/pause") == 403
    assert one_luigid.ask("is_paused") == {"paused": False}
    assert answer("same-origin", "/api/task_list") == 200
    assert answer("cross-site", "/static/visualiser/index.html") == 200


def test_luigid_tells_prometheus_of_tasks_also_of_those_it_never_saw_running(one_luigid: Luigid):
    ended = asked(one_luigid, "DownloadMonth", queue="told", year=2021, month=3).data
    one_luigid.ask("add_task", **{**ended, "status": "FAILED", "expl": "lost"})
    done = asked(one_luigid, "NormalizeMonth", queue="told", year=2021, month=4).data
    agent, task = Queue(one_luigid.url, "told"), done["task_id"]
    one_luigid.ask("add_task", **done)
    assert agent.get_work(worker="p", host="h", current_tasks=[])["task_id"] == task
    agent.add_task(worker="p", task_id=task, status="DONE", new_deps=[])
    told = requests.get(f"{one_luigid.url}/metrics", timeout=10).text
    for line in (
        'luigi_task_failed_total{family="DownloadMonth"} 1.0',
        'luigi_task_started_total{family="NormalizeMonth"} 1.0',
        'luigi_task_done_total{family="NormalizeMonth"} 1.0',
        'luigi_task_execution_time_seconds{family="NormalizeMonth"}',
    ):
        assert line in told
