"""A load of three months into Postgres, killed in a phase of one's choice.

Belongs here: running, watching and killing it. Not here: which phases, and what must hold.
"""

import itertools
import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from support.postgres_place import Place
from support.waiting import wait_until
from support.workspace import Workspace

COMMAND = ("luigi", "--module", "support.traced_months", "LoadThreeMonths", "--local-scheduler")
FIRST_GUESS = 0.02
"""How long a phase lasts, in seconds, until one was seen."""

KILLED = -signal.SIGKILL
FAILED = {0, 30, 35}
"""Exit codes of a worker whose server was killed: all was done, a task failed, none could begin."""

LEFT_SECONDS = 5
"""The server looks for its clients each second (``pipeline/postgres/transaction.py``)."""

LEFT_BEHIND = """
SELECT pid, query FROM pg_stat_activity WHERE pid = ANY(%s)
UNION ALL
SELECT pid, mode FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE backend_type = 'client backend' AND locktype IN ('relation', 'advisory')
  AND mode <> 'AccessShareLock'
"""


@dataclass(frozen=True)
class Step:
    """The worker entered a phase; ``session`` is its process at the server."""

    phase: str
    session: int
    moment: float


class Siege:
    """The command, how long its phases take, and what came of killing it."""

    def __init__(self, place: Place, workspace: Workspace) -> None:
        self.place, self.workspace = place, workspace
        self.lengths: dict[str, float] = {}
        self.hits: Counter[tuple[str, str]] = Counter()
        self.longest_left = 0.0

    def kill(self, victim: str, phase: str, number: int, share: float) -> None:
        """Run it, and kill the victim when that share of the ``number``th such phase has passed.

        Where the share is 0, that is before the phase's first statement.
        """
        server = self.place.server.server
        assert server is not None
        worker = self.workspace.popen(*COMMAND, stdin=subprocess.PIPE)
        steps = _until(worker, phase, number)
        if share:
            worker.stdin.close()  # type: ignore[union-attr]
            time.sleep(share * self.lengths.get(phase, FIRST_GUESS))
        _kill_all([worker.pid] if victim == "worker" else [server.pid, steps[-1].session])
        moment = time.monotonic()
        steps += self._ended(worker, {KILLED, 0} if victim == "worker" else FAILED)
        self.hits[victim, [step.phase for step in steps if step.moment <= moment][-1]] += 1
        if victim == "server":
            self.place.server.start()
            steps, moment = [], time.monotonic()
        self._expect_nothing_left([step.session for step in steps], moment)

    def told(self) -> str:
        """Return which phases were hit how often, and how long a dead worker's session stayed."""
        hits = [f"{victim} killed in {phase}: {n}" for (victim, phase), n in self.hits.items()]
        gone = f"sessions and locks gone after {self.longest_left:.2f} s at most"
        return "\n".join([*sorted(hits), gone])

    def _ended(self, worker: "subprocess.Popen[str]", codes: set[int]) -> list[Step]:
        """Return the steps that it told meanwhile."""
        assert worker.stdin and worker.stdout and worker.stderr
        worker.stdin.close()
        with worker:
            steps, told = [_step(line) for line in worker.stdout], worker.stderr.read()
        assert worker.returncode in codes, told
        assert "Traceback" not in told, told
        self.lengths |= {
            step.phase: after.moment - step.moment for step, after in itertools.pairwise(steps)
        }
        return steps

    def _expect_nothing_left(self, sessions: list[int], since: float) -> None:
        """Expect the killed worker's sessions to end, with their locks and unfinished tables."""
        wait_until(lambda: not self.place.query(LEFT_BEHIND, sessions), 10)
        self.longest_left = max(self.longest_left, time.monotonic() - since)
        assert self.longest_left < LEFT_SECONDS
        assert not [name for name in self.place.tables() if "_new" in name]


def _until(worker: "subprocess.Popen[str]", phase: str, number: int) -> list[Step]:
    """Let the worker go on until that phase, and return its steps."""
    assert worker.stdin and worker.stdout and worker.stderr
    steps: list[Step] = []
    while True:
        line = worker.stdout.readline()
        assert line, worker.stderr.read()
        steps.append(_step(line))
        if [step.phase for step in steps].count(phase) == number:
            return steps
        print(file=worker.stdin, flush=True)


def _step(line: str) -> Step:
    phase, session, moment = line.split()
    return Step(phase, int(session), float(moment))


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
