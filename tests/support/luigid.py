"""A real luigid on a free port of 127.0.0.1, started in the checkout as ``make scheduler`` does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from support.waiting import wait_until
from support.workspace import free_port

from pipeline.core.settings import PROJECT_ROOT


class Luigid:
    """``settings`` are of ``[scheduler]``, over those of ``luigi.cfg``, ``resources`` likewise."""

    def __init__(
        self, root: Path, resources: dict[str, int] | None = None, **settings: object
    ) -> None:
        self.root, self.port = root, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = root / "luigid.log"
        pairs = (f"{key} = {value}" for key, value in settings.items())
        self._config = root / "luigid.cfg"
        limits = (f"{key} = {value}" for key, value in (resources or {}).items())
        lines = ["[scheduler]", *pairs, "[resources]", *limits]
        self._config.write_text("\n".join(lines), encoding="utf-8")
        self.start()

    def start(self) -> None:
        options = ["--address", "127.0.0.1", "--port", str(self.port)]
        options += ["--state-path", str(self.root / "luigid.pickle")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("luigid")), *options],
                cwd=PROJECT_ROOT,
                env={**os.environ, "LUIGI_CONFIG_PATH": str(self._config)},
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it, as Ctrl-C would, and return its exit code. Safe to call again."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def ask(self, method: str, **arguments: object) -> Any:
        """Call a method of luigid's HTTP API."""
        data = {"data": json.dumps(arguments)}
        answer = requests.get(f"{self.url}/api/{method}", params=data, timeout=10)
        answer.raise_for_status()
        return answer.json()["response"]

    def tasks(self) -> dict[str, Any]:
        """The newest task of each family, as the dashboard lists it, with its ``id``."""
        listed = self.ask("task_list", status="", upstream_status="")
        newest = sorted(listed.items(), key=lambda item: item[1]["start_time"])
        return {task["name"]: {**task, "id": task_id} for task_id, task in newest}

    def task(self, task_id: str) -> Any:
        """A task as the dashboard lists it; None where there is none."""
        return self.ask("task_list", status="", upstream_status="").get(task_id)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            return requests.head(self.url, timeout=2).status_code == 204
        except requests.ConnectionError:
            return False
