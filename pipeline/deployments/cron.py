"""Deployments in the user's crontab.

Belongs here: a deployment's lines, their time and quoting, and changing them and no others. Not
here: what the lines start (``invocation.py``).
"""

import fcntl
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.files import explained
from pipeline.core.outcomes import runs_dir
from pipeline.core.settings import PROJECT_ROOT
from pipeline.core.settings import deployments as settings
from pipeline.deployments.deployment import Schedule
from pipeline.deployments.invocation import Installed, Invocation, template
from pipeline.deployments.reading import Deployed

LOCALTIME: Final = Path("/etc/localtime")
DAYS: Final = 400
"""How far ahead two time zones are compared: more than a year of summer and winter."""
MOST_CHARACTERS: Final = 990
"""Of a crontab's line, cron reads no more than a thousand."""
MINUTES_A_DAY: Final = 1440
NO_CRONTAB: Final = re.compile(r"no crontab|can't open .*: No such file", re.IGNORECASE)
"""What cron's program and BusyBox's say of a user who has none; any other failure is one."""
BEGIN: Final = "# >>> tlc "
BLOCK: Final = re.compile(
    rf"^{BEGIN}(?P<name>[a-z0-9-]+) (?P<version>[0-9a-f]+)(?P<paused> paused)? (?P<root>/.*)\n"
    rf"(?P<body>(?:(?!{BEGIN}).*\n)*?)"
    r"# <<< tlc (?P=name) (?P=root)(?:\n|\Z)",
    re.MULTILINE,
)


def machine_zone() -> tzinfo:
    """Return the time zone of this machine, which is cron's."""
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except OSError:
        return UTC


def expression(schedule: Schedule, machine: tzinfo, now: datetime) -> tuple[str, bool]:
    """Return the schedule in the machine's time, and whether a run must see if it is due.

    Where the two zones differ, the expression comes at every minute of a day that may be the one,
    in summer or in winter.
    """
    days = [now + timedelta(days=day) for day in range(DAYS)]
    shifts = {_offset(machine, day) - _offset(schedule.zone, day) for day in days}
    if shifts == {0}:
        return schedule.cron, False
    due = CronSim(schedule.cron, now)
    moments = {
        (60 * hour + minute + shift) % MINUTES_A_DAY
        for hour in due.hours
        for minute in due.minutes
        for shift in shifts
    }
    minutes, hours = {moment % 60 for moment in moments}, {moment // 60 for moment in moments}
    return f"{_field(minutes, 60)} {_field(hours, 24)} * * *", True


def command(invocation: Invocation) -> str:
    """Return the command as it stands in a crontab: quoted for the shell, then for cron."""
    variables = (f"{name}={shlex.quote(value)}" for name, value in invocation.environment.items())
    started = " ".join([*variables, shlex.join(invocation.words)])
    # To cron a % ends the command, in quotes too.
    return f"cd {shlex.quote(str(invocation.root))} && {started}".replace("%", r"\%")


def block(deployed: Deployed, machine: tzinfo, *, is_paused: bool = False) -> str:
    """Return the deployment's lines of a crontab. Raises BadRequest where they are too long."""
    times, is_checked = expression(deployed.deployment.schedule, machine, datetime.now(UTC))
    entry = f"{times} {command(Invocation(deployed.name, is_checked))}"
    if len(entry) > MOST_CHARACTERS:
        raise BadRequest(
            f"{deployed.name}: too long a line for cron",
            seen=f"{len(entry)} characters",
            expected=f"{MOST_CHARACTERS} at most",
            next_step="use shorter paths",
        )
    return template("cron/deployment.cron").substitute(
        name=deployed.name,
        version=deployed.version,
        state=" paused" if is_paused else "",
        root=PROJECT_ROOT,
        entry=f"# {entry}" if is_paused else entry,
    )


def installed_in(crontab: str) -> dict[str, Installed]:
    """Return what a crontab holds of this checkout's deployments, by name."""
    return {
        match["name"]: Installed(match["version"], bool(match["paused"]))
        for match in BLOCK.finditer(crontab)
        if match["root"] == str(PROJECT_ROOT)
    }


def replaced(crontab: str, name: str, lines: str) -> str:
    """Return the crontab with ``lines`` as the deployment's own, and every other as it was.

    Raises:
        Terminal: the deployment's lines have a beginning and no end; which are its, none can tell.
    """
    mine = [match for match in BLOCK.finditer(crontab)
            if (match["name"], match["root"]) == (name, str(PROJECT_ROOT))]  # fmt: skip
    begin = rf"^{BEGIN}{name} [0-9a-f]+(?: paused)? {re.escape(str(PROJECT_ROOT))}$"
    begun = re.findall(begin, crontab, re.MULTILINE)
    if len(begun) != len(mine) or len(mine) > 1:
        raise Terminal(f"the crontab's lines of {name} are not whole", seen=begun[0],
                       expected=f"one such line, and its end: # <<< tlc {name} {PROJECT_ROOT}",
                       next_step="crontab -e, and delete them")  # fmt: skip
    if mine:
        return crontab[: mine[0].start()] + lines + crontab[mine[0].end() :]
    gap = "" if not crontab or crontab.endswith("\n") or not lines else "\n"
    return crontab + gap + lines


class Cron:
    """The crontab of the user who runs this."""

    kind: Final = "cron"

    def __init__(self, machine: tzinfo | None = None) -> None:
        self._machine = machine or machine_zone()

    def preview(self, deployed: Deployed) -> str:
        """Return the lines that :meth:`apply` would write."""
        return block(deployed, self._machine)

    def installed(self) -> dict[str, Installed]:
        """Return what is installed, by name; nothing where there is no cron."""
        has_cron = shutil.which(shlex.split(str(settings().crontab))[0])
        return installed_in(self._read()) if has_cron else {}

    def apply(self, deployed: Deployed, *, is_paused: bool = False) -> bool:
        """Install the deployment; return whether the crontab changed. A second call is harmless."""
        lines = block(deployed, self._machine, is_paused=is_paused)
        return self._change(lambda crontab: replaced(crontab, deployed.name, lines))

    def pause(self, name: str) -> bool:
        """Make the deployment's line a comment; return whether the crontab changed."""
        return self._change(lambda crontab: BLOCK.sub(lambda m: _paused(m, name), crontab))

    def remove(self, name: str) -> bool:
        """Delete the deployment's lines; return whether there were any."""
        return self._change(lambda crontab: replaced(crontab, name, ""))

    def _change(self, change: Callable[[str], str]) -> bool:
        with _one_at_a_time():
            before = self._read()
            after = change(before)
            if after != before:
                self._call("-", given=after)
        return after != before

    def _read(self) -> str:
        done = self._call("-l", is_asking=True)
        return done.stdout if done.returncode == 0 else ""

    def _call(
        self, word: str, given: str | None = None, *, is_asking: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        program = str(settings().crontab)
        try:
            done = subprocess.run(
                [*shlex.split(program), word],
                input=given,
                capture_output=True,
                text=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            raise Terminal(
                f"{program} cannot be run",
                seen=error.strerror,
                next_step="install cron, set [deployments] crontab, or apply --to systemd",
            ) from error
        if done.returncode and not (is_asking and NO_CRONTAB.search(done.stderr)):
            raise Terminal(f"{program} {word} failed", seen=done.stderr or done.returncode)
        return done


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep two of us from changing the crontab at once, and the first one's change from loss."""
    path = runs_dir() / "crontab.lock"
    with explained(path):
        lock = path.open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _paused(match: re.Match[str], name: str) -> str:
    if (match["name"], match["root"]) != (name, str(PROJECT_ROOT)) or match["paused"]:
        return match[0]
    first, *body, last = match[0].splitlines(keepends=True)
    begin = first.replace(f" {match['version']} ", f" {match['version']} paused ", 1)
    return "".join([begin, *(x if x.startswith("#") else f"# {x}" for x in body), last])


def _offset(zone: tzinfo, moment: datetime) -> int:
    """Return the zone's offset from UTC in minutes."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def _field(values: set[int], every: int) -> str:
    return "*" if len(values) == every else ",".join(map(str, sorted(values)))
