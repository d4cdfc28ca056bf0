"""Run a deployment now: one at a time, within its time, as often as it may, and leave a record.

Belongs here: the process and its end. Not here: what its exit code means to somebody
(``policy.py``), and when it is due (cron, systemd).
"""

import fcntl
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from pipeline.core.errors import Terminal
from pipeline.core.files import explained
from pipeline.core.outcomes import counted, of_run, runs_dir
from pipeline.core.run_id import begin_run, run_id
from pipeline.core.settings import PROJECT_ROOT
from pipeline.core.settings import deployments as settings
from pipeline.deployments import killed, policy, records
from pipeline.deployments.command import luigi_command, month_family
from pipeline.deployments.deployment import as_text
from pipeline.deployments.log import RunLog
from pipeline.deployments.notify import notify, tell_of_run
from pipeline.deployments.reading import Deployed
from pipeline.deployments.records import RunRecord

LOOK_SECONDS: Final = 0.1
"""How often a running process is looked at."""
GRACE_SECONDS: Final = 10
"""How long a process that is asked to end may take, before it is killed."""
CRASHED: Final = 40


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    result: str
    told: str = ""
    tries: int = 1


def run(deployed: Deployed, parameters: Mapping[str, str], *, is_scheduled: bool = False) -> int:
    """Run the deployment with ``parameters`` over its own; return the exit code.

    A scheduled run logs only to its file, tells somebody where the policy says so, and otherwise
    ends with 0. Any other run repeats its log on standard error. A second call is harmless: its
    months are done.

    Raises:
        BadRequest: the task does not exist, or does not take the parameters.
    """
    command = luigi_command(deployed, parameters)
    started = datetime.now(UTC)
    begin_run()
    earlier = records.newest_first(deployed.name)
    with (
        _alone(deployed.name) as lock,
        # Whoever is at work writes into the log that is there.
        closing(RunLog(deployed.name, echo=not is_scheduled, may_rotate=lock is not None)) as log,
    ):
        if lock:
            _account_for_killed(deployed, lock, log)
            unknown = Outcome(CRASHED, killed.RESULT, killed.TOLD)
            nothing = None, None
            killed.begin(lock, _record(deployed, command, started, unknown, is_scheduled, nothing))
        outcome = _run(deployed, command, log, lock) if lock else _overlapped(log)
        months = _months(command) if lock else (None, None)
        record = _record(deployed, command, started, outcome, is_scheduled, months)
        records.append(record)
        if lock:
            killed.end(lock)
        if not is_scheduled:
            return record.code
        is_news = policy.is_news(record, earlier, deployed.deployment.late_after)
        named = deployed.deployment.notifications
        tell_of_run(named, record, log.path, log.say, is_news=is_news)
        if not is_news:
            return policy.DONE
        news = _news(record, log.path)
        log.say(f"told: {news}")
    notify(news)
    return record.code


def _account_for_killed(deployed: Deployed, lock: IO[str], log: RunLog) -> None:
    """Keep the record of the run before, where it was killed and kept none, and tell of it."""
    last = killed.killed_before(lock, log.path)
    if last is None:
        return
    records.append(last)
    log.say(f"the run that started {last.started} was killed", logging.ERROR)
    if last.is_scheduled:
        named = deployed.deployment.notifications
        tell_of_run(named, last, log.path, log.say, is_news=True)
        notify(_news(last, log.path))


def _record(
    deployed: Deployed,
    command: list[str],
    started: datetime,
    outcome: Outcome,
    is_scheduled: bool,
    months: tuple[int | None, int | None],
) -> RunRecord:
    ended = datetime.now(UTC)
    return RunRecord(
        deployment=deployed.name,
        version=deployed.version,
        command=command,
        is_scheduled=is_scheduled,
        started=started.isoformat(timespec="seconds"),
        ended=ended.isoformat(timespec="seconds"),
        tries=outcome.tries,
        code=outcome.code,
        result=outcome.result,
        told=outcome.told,
        months_loaded=months[0],
        months_failed=months[1],
        run_id=run_id(),
    )


def _months(command: list[str]) -> tuple[int, int]:
    """Return how many months the run has brought where it was to, and how many failed."""
    return counted(of_run(run_id()), month_family(command))


def _news(record: RunRecord, log: Path) -> Terminal:
    tries = f", tried {record.tries} times" if record.tries > 1 else ""
    return Terminal(
        f"{record.deployment}: {record.result} (exit code {record.code}{tries})",
        seen=record.told or None,
        next_step=f"read {log}, then: tlc run {record.deployment}",
    )


@contextmanager
def _alone(name: str) -> Iterator[IO[str] | None]:
    """Yield the deployment's lock, held, or None where another run holds it.

    The run's process inherits it: where this process is killed and that one lives on, the next run
    finds it at work.
    """
    path = runs_dir() / f"{name}.lock"
    with explained(path):
        lock = path.open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock


def _overlapped(log: RunLog) -> Outcome:
    log.say("another run of it is under way; this one does nothing", logging.WARNING)
    return Outcome(policy.NOT_RUN, policy.OVERLAPPED, tries=0)


def _run(deployed: Deployed, command: list[str], log: RunLog, lock: IO[str]) -> Outcome:
    """Try until it is done, or may not be tried again; a signal ends it, and its process."""
    log.say(f"version {deployed.version} starts: {subprocess.list2cmdline(command)}")
    tries = 0
    with _interruptible():
        try:
            while True:
                tries += 1
                outcome = _try(deployed, command, log, lock, tries)
                if tries >= policy.tries_for(outcome.code, deployed.deployment.retries):
                    break
                pause = float(settings().retry_pause)
                log.say(f"{outcome.result}; once more in {pause:g} s", logging.WARNING)
                time.sleep(pause)
        except KeyboardInterrupt:
            outcome = Outcome(policy.FAILED, "stopped", "a signal asked it to end", tries)
    level = logging.INFO if outcome.code in (policy.DONE, policy.NOT_PUBLISHED) else logging.ERROR
    log.say(f"ended with exit code {outcome.code}: {outcome.result}", level)
    return outcome


def _try(
    deployed: Deployed, command: list[str], log: RunLog, lock: IO[str], number: int
) -> Outcome:
    timeout = deployed.deployment.timeout
    process = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env={**os.environ, **deployed.deployment.environment},
        stdin=subprocess.DEVNULL,
        stdout=log.stream,
        stderr=log.stream,
        start_new_session=True,
        pass_fds=(lock.fileno(),),
    )
    try:
        code = _ended(process, log, timeout.total_seconds())
    finally:
        _end(process)
        log.follow()
    if code is None:
        told = f"it took longer than {as_text(timeout)}"
        return Outcome(policy.FAILED, "timed out", told, number)
    told = log.cause() if code != policy.DONE else ""
    return Outcome(code if code >= 0 else CRASHED, policy.result_of(code), told, number)


def _ended(process: "subprocess.Popen[bytes]", log: RunLog, seconds: float) -> int | None:
    """Return the process's exit code, or None where it outlasts its time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(LOOK_SECONDS)
        log.follow()
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all it started, gently first; nothing, where it has ended."""
    if process.poll() is not None:
        return
    for kind, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end a run as Ctrl-C does."""
    kinds = (signal.SIGTERM, signal.SIGHUP)
    before = {kind: signal.signal(kind, signal.default_int_handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
