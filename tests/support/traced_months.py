"""Three months of yellow into Postgres by Luigi's own worker, which tells how far it is.

``luigi --module support.traced_months LoadThreeMonths`` prints ``PHASE PID SECONDS`` as a load
enters a phase: ``ask`` (each transaction's beginning, until the month's table is made), ``create``,
``copy``, ``index``, ``swap``, ``ledger``, ``commit``. PID is the process at the server, SECONDS are
``time.monotonic()``. It goes on after a line on standard input, or at its end: so it can be killed
right there. A phase is told by what the server is asked, not by which function asks.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import luigi
import sqlalchemy as sa
from sqlalchemy import event

from pipeline import LoadMonthToPostgres
from pipeline.core.months import TripMonth

MONTHS: Final = [TripMonth("yellow", 2021, number) for number in (1, 2, 3)]

BEGUN_BY: Final = {
    "CREATE TABLE": "create",
    "CREATE INDEX": "index",
    "LOCK TABLE": "swap",
    "INSERT INTO": "ledger",
}


class LoadThreeMonths(luigi.WrapperTask):
    """The months, one after the other."""

    def requires(self) -> Iterator[luigi.Task]:
        for month in MONTHS:
            yield LoadMonthToPostgres(year=month.year, month=month.month)


class Trace:
    """Hears of what is asked through SQLAlchemy, and tells."""

    phase = "ask"

    def enter(self, phase: str, session: Any) -> None:
        self.phase = phase
        print(phase, session.info.backend_pid, time.monotonic(), flush=True)
        sys.stdin.readline()

    def begin(self, connection: sa.Connection) -> None:
        self.enter("ask", connection.connection.dbapi_connection)

    def before(self, connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        begun = BEGUN_BY.get(" ".join(statement.split()[:2]), self.phase)
        if begun != self.phase and (self.phase != "ask" or "_new" in statement):
            self.enter(begun, cursor.connection)

    def after(self, connection: sa.Connection, cursor: Any, *rest: Any) -> None:
        if self.phase == "create":  # what comes next is the COPY, which SQLAlchemy does not see
            self.enter("copy", cursor.connection)

    def commit(self, connection: sa.Connection) -> None:
        if self.phase == "ledger":
            self.enter("commit", connection.connection.dbapi_connection)


trace = Trace()
event.listen(sa.Engine, "begin", trace.begin)
event.listen(sa.Engine, "before_cursor_execute", trace.before)
event.listen(sa.Engine, "after_cursor_execute", trace.after)
event.listen(sa.Engine, "commit", trace.commit)
