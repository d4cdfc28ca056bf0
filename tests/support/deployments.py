"""Deployments of a test's own: a folder of files, a private crontab, and cron's way to start."""

import json
import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from support.workspace import Workspace

from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.deployment import Deployment
from pipeline.deployments.reading import Deployed

CRONTAB = """#!/bin/sh
# What crontab(1) does for a user, on a file beside this one.
tab=$(dirname "$0")/tab
case $1 in
  -l) [ -f "$tab" ] || { echo "no crontab for you" >&2; exit 1; }; cat "$tab" ;;
  -) cat > "$tab"; echo >> "$(dirname "$0")/writes" ;;
esac
"""
SCHEDULE = {"cron": "0 6 * * *"}


def deployed(name: str = "some", **keys: Any) -> Deployed:
    """A deployment that no file holds."""
    keys = {"task": "DownloadMonth", "schedule": SCHEDULE, **keys}
    return Deployed(name, "0123456789ab", Path("/none"), Deployment.model_validate(keys))


class PrivateCrontab:
    """A program that keeps a crontab in a folder, and what it holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.tab, self._writes = folder / "tab", folder / "writes"
        self.program = folder / "crontab"
        self.program.write_text(CRONTAB, encoding="utf-8")
        self.program.chmod(0o755)

    @property
    def text(self) -> str:
        return self.tab.read_text(encoding="utf-8")

    @property
    def writes(self) -> int:
        return len(self._writes.read_text()) if self._writes.exists() else 0

    def entry(self, name: str) -> tuple[str, str]:
        """A deployment's expression and its command, as cron reads its line."""
        line = next(line for line in self.text.splitlines() if f"tlc run {name} " in line)
        *fields, command = line.split(" ", 5)
        return " ".join(fields), as_cron_reads(command)


def as_cron_reads(command: str) -> str:
    """The command that cron hands to the shell: the first % that stands alone would end it."""
    return re.split(r"(?<!\\)%", command)[0].replace("\\%", "%")


def as_cron_starts(command: str) -> "subprocess.Popen[str]":
    """A command as cron starts it: by /bin/sh, in the user's home, with next to no environment."""
    user = pwd.getpwuid(os.geteuid())
    bare = {"HOME": user.pw_dir, "LOGNAME": user.pw_name, "SHELL": "/bin/sh"}
    words = ["env", "-i", *(f"{k}={v}" for k, v in bare.items()), "PATH=/usr/bin:/bin"]
    return subprocess.Popen(
        [*words, "/bin/sh", "-c", command],
        cwd=user.pw_dir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Deployments:
    """A workspace with deployments."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.root / "deployments"
        self.folder.mkdir()
        self.crontab = PrivateCrontab(workspace.root / "cron")
        self.runs = workspace.data / "runs"
        workspace.set(
            "deployments",
            folder=self.folder,
            crontab=self.crontab.program,
            unit_dir=workspace.root / "units",
            retry_pause=0.1,
        )

    def write(self, name: str, **keys: Any) -> Path:
        path = self.folder / f"{name}.yaml"
        keys = {"task": "DownloadMonth", "schedule": SCHEDULE, **keys}
        path.write_text(yaml.safe_dump(keys), encoding="utf-8")
        return path

    def tlc(self, *words: object) -> "subprocess.CompletedProcess[str]":
        return self.workspace.run("tlc", *words)

    def log(self, name: str) -> str:
        path = self.runs / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def records(self, name: str) -> list[dict[str, Any]]:
        path = self.runs / f"{name}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


ROOT = str(PROJECT_ROOT)
