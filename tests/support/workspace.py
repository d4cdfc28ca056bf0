"""A user's working place: settings and data of its own, and commands run as a user runs them."""

import io
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import luigi
import pytest
from support.configuration import forget_everything

from pipeline.core.profile import load_profile
from pipeline.core.settings import PROJECT_ROOT
from pipeline.operate.cli import main
from pipeline.sandbox import lifecycle
from pipeline.sandbox.postgres import lifecycle as postgres_lifecycle

BIN = Path(sys.executable).parent


class Workspace:
    """``luigi`` and ``tlc`` with the default settings, but for the data folder and free ports."""

    def __init__(self, root: Path, sample_rows: int = 2000) -> None:
        self.root = root
        self.folder = PROJECT_ROOT
        self.data = root / "data"
        self.sections: dict[str, dict[str, Any]] = {
            "local": {"data_dir": self.data},
            "sandbox": {"port": 0, "postgres_port": 0, "sample_rows": sample_rows},
            "core": {"scheduler_port": free_port()},
            "source": {"attempts": 3, "max_backoff": 0.2, "timeout": 20},
            "connection:sandbox": {"timeout": 20},
        }
        self.variables: dict[str, str] = {"TLC_BASE_URL": "sandbox"}

    def set(self, section: str, **values: Any) -> None:
        """Change settings."""
        self.sections.setdefault(section, {}).update(values)

    @property
    def environment(self) -> dict[str, str]:
        config = self.root / "workspace.cfg"
        lines = []
        for section, values in self.sections.items():
            lines += [f"[{section}]", *(f"{key} = {value}" for key, value in values.items()), ""]
        config.write_text("\n".join(lines), encoding="utf-8")
        own = ("TLC_", "PIPELINE_", "RUN_ID")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        return {**inherited, "LUIGI_CONFIG_PATH": str(config), **self.variables}

    def popen(self, *command: object, **options: Any) -> "subprocess.Popen[str]":
        words = [str(word) for word in command]
        return subprocess.Popen(
            [str(BIN / words[0]), *words[1:]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *command: object, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        process = self.popen(*command)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def command(self, *options: object, task: str = "LoadMonthToBQ") -> list[str]:
        """The main job's command line."""
        return ["luigi", "--module", "pipeline", task, *map(str, options)]

    def load(self, *options: object, task: str = "LoadMonthToBQ", **kwargs: Any) -> Any:
        """Run the main job."""
        return self.run(*self.command(*options, task=task), **kwargs)

    def query(self, sql: str) -> list[dict[str, Any]]:
        return self._told("query", sql)

    def status(self) -> list[dict[str, Any]]:
        return self._told("status", "--months")

    def tlc(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """Run ``tlc`` in this process, for what it says: to start a Python takes it a second.

        Not for what starts a sandbox, whose parent this process would be.
        """
        out, err, code = io.StringIO(), io.StringIO(), 0
        with self.settings() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["tlc", *map(str, words)])
            patch.setattr(logging.getLogger("pipeline"), "handlers", [])
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(sys.argv, code, out.getvalue(), err.getvalue())

    def _told(self, *words: str) -> list[dict[str, Any]]:
        done = self.tlc(*words, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def settings(self) -> Iterator[pytest.MonkeyPatch]:
        """Have this process the workspace's settings."""
        load_profile()
        config = luigi.configuration.get_config()
        with pytest.MonkeyPatch.context() as patch:
            for name, text in self.variables.items():
                patch.setenv(name, text)
            for section, values in self.sections.items():
                if not config.has_section(section):
                    config.add_section(section)
                for name, value in values.items():
                    patch.setitem(config[section], name, str(value))
            forget_everything()
            yield patch
            forget_everything()

    def litter(self) -> list[Path]:
        """Files that only an unfinished run may have."""
        kinds = ("*.part", "*.part.json", "*.tmp", "*luigi-tmp*")
        return [path for kind in kinds for path in self.data.rglob(kind)]

    @property
    def sandbox(self) -> lifecycle.SandboxServer | None:
        return lifecycle.find(self.data / "sandbox")

    def close(self) -> None:
        postgres_lifecycle.stop(self.data / "sandbox" / "postgres")
        lifecycle.stop(self.data / "sandbox")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client_of(workspace: Workspace) -> Any:
    """A BigQuery client of the workspace's sandbox."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    assert workspace.sandbox is not None
    return bigquery.Client(
        project="tlc-sandbox",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": workspace.sandbox.url},
    )
