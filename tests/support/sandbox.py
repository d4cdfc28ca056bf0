"""A sandbox process of a test's own, which can be killed and started again at the same address."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials

from pipeline.sandbox.lifecycle import find

PROJECT = "tlc-test"


class RunningSandbox:
    def __init__(self, root: Path, sample_rows: int = 500, **environment: str) -> None:
        self.root, self.sample_rows, self.environment = root, sample_rows, environment
        self.port = 0
        self.start()

    def start(self, **environment: str) -> None:
        options = ["--root", self.root, "--port", self.port, "--sample-rows", self.sample_rows]
        self.log = self.root.parent / f"{self.root.name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.sandbox", *map(str, options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, **environment},
            )
        deadline = time.monotonic() + 60
        while (server := find(self.root)) is None or server.pid != self.process.pid:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sandbox did not start: {self.log.read_text()}")
            time.sleep(0.02)
        self.port, self.url = server.port, server.url

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self, **environment: str) -> None:
        """Kill it and start it again at the same address."""
        self.kill()
        self.start(**environment)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def storage(self) -> Any:
        from google.cloud import storage

        return storage.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
        )

    def bigquery(self) -> Any:
        from google.cloud import bigquery

        return bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
        )
