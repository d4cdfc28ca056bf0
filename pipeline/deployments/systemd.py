"""Deployments as systemd's timers and services: the system's for root, else the user's.

Belongs here: units, their quoting, and installing them. Not here: what they start
(``invocation.py``).
"""

import os
import re
import shlex
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Final

from cronsim import CronSim

from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.files import explained, write_atomically
from pipeline.core.settings import PROJECT_ROOT
from pipeline.core.settings import deployments as settings
from pipeline.deployments.deployment import Schedule
from pipeline.deployments.invocation import Installed, Invocation, template
from pipeline.deployments.reading import Deployed

WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MARKER: Final = re.compile(r"# tlc (?P<name>[a-z0-9-]+) (?P<version>[0-9a-f]+) (?P<root>/.*)\n")


def calendar_times(schedule: Schedule) -> list[str]:
    """Return the schedule as systemd writes it.

    Where cron's day of the month and of the week are both restricted, either will do: two times.
    """
    due = CronSim(schedule.cron, datetime(2024, 1, 1))
    every = _field(due.days, 31)
    weekdays = sorted({WEEKDAYS[day] for day in due.weekdays if isinstance(day, int)})
    week = "" if len(weekdays) == 7 else f"{','.join(weekdays)} "
    days = [(week, every)] if due.day_and else [(week, "*"), ("", every)]
    rest = f"{_field(due.hours, 24)}:{_field(due.minutes, 60)}:00 {schedule.timezone}"
    return [f"{day}*-{_field(due.months, 12)}-{date} {rest}" for day, date in days]


def quoted(word: str) -> str:
    """Return a word as a unit file quotes it: no specifier, no escape."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_without_specifiers(escaped)}"'


def units(deployed: Deployed) -> dict[str, str]:
    """Return the deployment's unit files, by name."""
    invocation = Invocation(deployed.name)
    marked = {"name": deployed.name, "version": deployed.version, "root": PROJECT_ROOT}
    variables = (f"Environment={quoted(f'{k}={v}')}" for k, v in invocation.environment.items())
    service = template("systemd/deployment.service").substitute(
        marked,
        documentation=_without_specifiers((PROJECT_ROOT / "docs" / "scheduling.md").as_uri()),
        directory=_without_specifiers(str(invocation.root)),
        environment="\n".join(variables),
        # A $ in a command is a variable's, unless it is doubled.
        command=" ".join(quoted(word).replace("$", "$$") for word in invocation.words),
    )
    times = "\n".join(f"OnCalendar={t}" for t in calendar_times(deployed.deployment.schedule))
    timer = template("systemd/deployment.timer").substitute(marked, times=times)
    return {f"{_unit(deployed.name)}.service": service, f"{_unit(deployed.name)}.timer": timer}


class Systemd:
    """The timers in ``[deployments] unit_dir``."""

    kind: Final = "systemd"

    @property
    def folder(self) -> Path:
        """Where units are."""
        if given := settings().unit_dir:
            return PROJECT_ROOT / Path(str(given)).expanduser()
        is_root = os.geteuid() == 0
        return Path("/etc/systemd/system" if is_root else "~/.config/systemd/user").expanduser()

    def preview(self, deployed: Deployed) -> str:
        """Return the files that :meth:`apply` would write."""
        return "\n".join(
            f"# {self.folder / name}\n{text}" for name, text in units(deployed).items()
        )

    def installed(self) -> dict[str, Installed]:
        """Return what is installed, by name."""
        found = {}
        for timer in sorted(self.folder.glob("tlc-*.timer")):
            marker = MARKER.match(_text(timer) or "")
            if marker and marker["root"] == str(PROJECT_ROOT):
                is_enabled = (self.folder / "timers.target.wants" / timer.name).is_symlink()
                found[marker["name"]] = Installed(marker["version"], not is_enabled)
        return found

    def apply(self, deployed: Deployed, *, is_paused: bool = False) -> bool:
        """Install the deployment; return whether anything changed. A second call is harmless."""
        wanted = Installed(deployed.version, is_paused)
        texts = {self._own(name): text for name, text in units(deployed).items()}
        changed = [path for path, text in texts.items() if _text(path) != text]
        if not changed and self.installed().get(deployed.name) == wanted:
            return False
        new = [path for path in changed if not path.exists()]
        for path in changed:
            write_atomically(path, texts[path].encode())
        try:
            self._call("daemon-reload")
            verb = "disable" if is_paused else "enable"
            self._call(verb, "--now", f"{_unit(deployed.name)}.timer")
        except Terminal:
            for path in new:  # What systemd did not take is not installed, nor paused.
                path.unlink()
            raise
        return True

    def pause(self, name: str) -> bool:
        """Stop the timer, and keep it; return whether it was going."""
        held = self.installed().get(name)
        if held is None or held.is_paused:
            return False
        self._call("disable", "--now", f"{_unit(name)}.timer")
        return True

    def remove(self, name: str) -> bool:
        """Stop the timer and delete the deployment's units; return whether there were any."""
        if name not in self.installed():
            return False
        self._call("disable", "--now", f"{_unit(name)}.timer")
        for kind in ("timer", "service"):
            path = self._own(f"{_unit(name)}.{kind}")
            with explained(path):
                path.unlink(missing_ok=True)
        self._call("daemon-reload")
        return True

    def _own(self, name: str) -> Path:
        """Return a unit's path; BadRequest where another checkout's is there."""
        path = self.folder / name
        text = _text(path)
        marker = MARKER.match(text) if text else None
        if text is not None and (marker is None or marker["root"] != str(PROJECT_ROOT)):
            raise BadRequest(f"{path} is not this checkout's", seen=text.splitlines()[0],
                             next_step="move it away, or rename the deployment")  # fmt: skip
        return path

    def _call(self, *words: str) -> None:
        program = str(settings().systemctl)
        scope = [] if os.geteuid() == 0 else ["--user"]
        command = [*shlex.split(program), *scope, *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise Terminal(
                f"{program} cannot be run",
                seen=error.strerror,
                next_step="set [deployments] systemctl, or apply --to cron",
            ) from error
        if done.returncode:
            raise Terminal(f"{shlex.join(command)} failed", seen=done.stderr or done.returncode)


def _without_specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _unit(name: str) -> str:
    return f"tlc-{name}"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _field(values: set[int], every: int) -> str:
    return "*" if len(values) >= every else ",".join(map(str, sorted(values)))
