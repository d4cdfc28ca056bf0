"""Where the time of one load into Postgres goes: indexes and partition apart from the COPY.

``python postgres_phases.py <canonical>`` loads the month into an empty schema and prints each
phase's seconds. The phases are told by the statements that SQLAlchemy sends, so that nothing is
timed in the pipeline itself. The CHECK is part of the COPY: what it costs is the difference of the
contestants ``check`` and ``copy``.
"""

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEFORE = {
    r"CREATE TABLE \S+_new ": "new table",
    r"CREATE INDEX \S+_new_(?P<name>\w+)_idx .*USING (?P<kind>\w+)": "index on {name} ({kind})",
    r"INSERT INTO \S+_loads ": "ledger",
}
AFTER = {r"CREATE TABLE \S+_new ": "COPY", r"CREATE INDEX \S+_new_": "attach and swap"}
"""The phase that begins before and after a statement."""


class Watch:
    """A stopwatch whose time goes to the phase that was last entered."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.phase, self._since = "tables and locks", time.perf_counter()

    def enter(self, phase: str) -> None:
        now = time.perf_counter()
        # Put last: the phases are told in the order in which they ended.
        self.seconds[self.phase] = self.seconds.pop(self.phase, 0.0) + now - self._since
        self.phase, self._since = phase, now

    def hear(self, statement: str, phases: dict[str, str]) -> None:
        for pattern, phase in phases.items():
            if found := re.match(pattern, " ".join(statement.split())):
                self.enter(phase.format(**found.groupdict()))


def phases_of(canonical: Path) -> dict[str, float]:
    import postgres_ours
    from sqlalchemy import event

    from pipeline.connections.postgres import engine

    work = postgres_ours.load(postgres_ours.source_of(canonical))
    watch = Watch()

    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        watch.hear(statement, BEFORE)

    def after(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        watch.hear(statement, AFTER)

    def commit(connection: Any) -> None:
        if watch.phase == "ledger":
            watch.enter("commit")

    for name, listener in {"before_cursor_execute": before, "after_cursor_execute": after,
                           "commit": commit}.items():  # fmt: skip
        event.listen(engine(), name, listener)
    work()
    watch.enter("end")
    return watch.seconds


def report(canonical: Path, rows: int, rounds: int, prepare: Callable[[], None]) -> None:
    """Print the medians of each phase's seconds."""
    runs = []
    for _ in range(rounds):
        prepare()
        command = [sys.executable, __file__, canonical]
        runs.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    medians = {phase: statistics.median(run[phase] for run in runs) for phase in runs[0]}
    print(f"\nThe phases of loading {rows:,} rows, {canonical.stem}\n")
    print("| phase | seconds | COPY = 1 |\n|---|---:|---:|")
    for phase, seconds in medians.items():
        print(f"| {phase} | {seconds:.3f} | {seconds / medians['COPY']:.3f} |", flush=True)


if __name__ == "__main__":
    print(json.dumps(phases_of(Path(sys.argv[1]))))
