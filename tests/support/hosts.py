"""Hosts that share nothing but luigid, the lake and the warehouse."""

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

from support.luigid import Luigid
from support.sandbox import RunningSandbox
from support.workspace import Workspace

from pipeline.agents.queue import resource
from pipeline.agents.trigger import Request, request
from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.deployment import Deployment, Schedule
from pipeline.deployments.reading import Deployed

COUNTED = "SELECT FORMAT_DATE('%Y-%m', month) AS month, COUNT(*) AS n FROM `{}._loads` GROUP BY 1"
NEVER = Schedule(cron="0 0 1 1 *")


def asked(luigid: Luigid, task: str, queue: str = "default", **parameters: object) -> Request:
    """The request for the task, for no deployment."""
    texts = {name: str(value) for name, value in parameters.items()}
    deployment = Deployment(task=task, parameters=texts, schedule=NEVER, queue=queue)
    wanted = request(Deployed("some", "0", Path(), deployment), {})
    # As by curl: no host has a file of it.
    data = {**wanted.data, "resources": {resource(queue): 1}}
    return dataclasses.replace(wanted, address=luigid.url, data=data)


def ask(luigid: Luigid, task: str, queue: str = "default", **parameters: object) -> str:
    """Trigger it; the task's id."""
    wanted = asked(luigid, task, queue, **parameters)
    wanted.send()
    return str(wanted.data["task_id"])


class Host(Workspace):
    """A working folder with settings, deployments and data of its own."""

    def __init__(self, root: Path, luigid: Luigid, shared: RunningSandbox, name: str) -> None:
        super().__init__(root)
        self._shared, self._dataset = shared, f"{name}.{name}"
        self._agents: list[subprocess.Popen[str]] = []
        self.folder = root / "checkout"
        (self.folder / "config").mkdir(parents=True)
        shutil.copy(PROJECT_ROOT / "luigi.cfg", self.folder)
        shutil.copy(PROJECT_ROOT / "config" / "logging.cfg", self.folder / "config")
        self.set("core", scheduler_port=luigid.port)
        self.set("connection:sandbox", endpoint=shared.url)
        self.set("lake", bucket=name, create_bucket="true")
        self.set("bigquery", project=name, dataset=name)
        self.variables["TLC_BASE_URL"] = f"{shared.url}/trip-data"

    def agent(self, *options: object) -> Any:
        """Start an agent."""
        self._agents.append(self.popen("tlc", "agent", *options))
        return self._agents[-1]

    def close(self) -> None:
        for agent in self._agents:
            agent.kill()
            agent.communicate()

    def ledger(self) -> dict[str, int]:
        """How many rows the common ledger has of each month."""
        rows = self._shared.bigquery().query_and_wait(COUNTED.format(self._dataset))
        return {row["month"]: row["n"] for row in rows}

    def canonical(self) -> list[str]:
        """The months that are normalized here, as ``2021-01``."""
        found = self.data.glob("canonical/service=*/month=*/*.parquet")
        return sorted(path.parent.name.partition("=")[2] for path in found)
