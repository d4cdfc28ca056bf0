"""The request that has luigid run a deployment's task: for agents of its queue to take.

Belongs here: what is sent, and the same as a command for curl. Not here: taking it.

luigid starts nothing by itself: it keeps the task until an agent of the queue asks for work.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from pipeline.agents.queue import known_task, resource
from pipeline.agents.terms import as_resource, named
from pipeline.core.errors import Terminal, Transient
from pipeline.core.scheduler import ANSWER_SECONDS, luigid_address, without_credentials
from pipeline.deployments.command import as_fields, judge
from pipeline.deployments.reading import Deployed

ASKER: Final = "tlc trigger"
"""Who asks, as the dashboard lists it among the workers."""


@dataclass(frozen=True)
class Request:
    """One call of luigid's HTTP interface; ``address`` may hold credentials."""

    address: str
    queue: str
    data: dict[str, Any]

    @property
    def url(self) -> str:
        """Where it goes, without credentials."""
        return f"{without_credentials(self.address)}/api/add_task"

    def curl(self) -> str:
        """Return the command that asks the same; it asks for the password, where there is one."""
        user = urlsplit(self.address).username
        words = ["curl", "--fail", "--silent", "--show-error"]
        words += ["--user", user] if user else []
        return shlex.join([*words, "--data-urlencode", f"data={json.dumps(self.data)}", self.url])

    def send(self) -> None:
        """Ask. A second call asks again, which changes nothing while the task waits or runs.

        Raises:
            Transient: luigid does not answer.
            Terminal: it, or the proxy before it, refuses.
        """
        try:
            answer = requests.post(
                f"{self.address}/api/add_task",
                data={"data": json.dumps(self.data)},
                timeout=ANSWER_SECONDS,
            )
        except requests.RequestException as error:
            raise Transient(
                f"no luigid at {without_credentials(self.address)}",
                seen=type(error).__name__,
                next_step="make scheduler, or set [core] scheduler_url",
            ) from error
        if not answer.ok:
            raise Terminal(f"{self.url} refused the task", seen=f"HTTP {answer.status_code}",
                           next_step="set [core] scheduler_url to luigid's address")  # fmt: skip


def request(deployed: Deployed, parameters: Mapping[str, str]) -> Request:
    """Return what asks for the deployment's task, with ``parameters`` over its own.

    Raises:
        BadRequest: the task does not exist, or does not take the parameters.
    """
    deployment = deployed.deployment
    given = as_fields(deployment.parameters) | as_fields(parameters)
    judge(deployed.name, deployment.task, given)
    task = known_task(deployment.task, given)
    params = task.to_str_params()
    params.pop("deployment", None)
    data = {
        "worker": ASKER,
        "task_id": task.task_id,
        "family": task.task_family,
        "module": task.task_module,
        "params": params,
        "status": "PENDING",
        "runnable": True,
        "resources": {resource(deployment.queue): 1, **as_resource(named(deployed))},
        # Asked again, it begins anew: what held it up before is forgotten.
        "deps": [],
        "expl": "",
    }
    return Request(luigid_address(), deployment.queue, data)
