"""What ran, newest first: from the history, this host's outbox and the ledgers.

Belongs here: putting the three together. Not here: each of them.

A load by plain ``luigi`` leaves no record of a run, but its row in a ledger. Such a row is shown
as a run of its own where no run that is known was under way as it was written.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.history import outbox
from pipeline.history.run import Run

Warn = Callable[[PipelineError], None]


def past(limit: int, warn: Warn) -> list[Run]:
    """Return the newest ``limit`` runs; ``warn`` is told of a store that cannot be asked."""
    sent: list[Run] = []
    loads: list[Run] = []
    for read, loaded in filter(None, (_bigquery(), _postgres())):
        try:
            sent += read(limit)
            loads += loaded()  # Not asked where the same service has just not answered.
        except PipelineError as error:
            warn(error)
    known = {run.run_id: run for run in [*sent, *outbox.waiting()]}
    runs = [*known.values()]
    runs += [load for load in loads if not any(covers(run, load.ended) for run in known.values())]
    return sorted(runs, key=lambda run: run.ended, reverse=True)[:limit]


Store = tuple[Callable[[int], list[Run]], Callable[[], list[Run]]]
"""What reads the newest runs, and what reads the loads of a ledger."""


def _bigquery() -> Store | None:
    from pipeline.bigquery import ledger
    from pipeline.history import bigquery

    if not outbox.is_reachable("bigquery"):
        return None
    return bigquery.read, partial(_loads, "LoadMonthToBQ", ledger.loaded_months)


def _postgres() -> Store | None:
    from pipeline.history import postgres
    from pipeline.postgres import ledger

    if not outbox.is_reachable("postgres"):
        return None
    return postgres.read, partial(_loads, "LoadMonthToPostgres", ledger.loaded_months)


def _loads(task: str, ask: Callable[[], Any]) -> list[Run]:
    return [_load(task, *row) for row in ask().items()]


def _load(task: str, key: tuple[str, str], load: Any) -> Run:
    service, month = key
    year, _, number = month.partition("-")
    parameters = f"--service={service} --year={year} --month={int(number)}"
    return Run(f"{task} {service} {month}", None, "luigi", task, parameters, None, None,
               load.loaded_at, None, None, "done", "", 1, 0)  # fmt: skip


def covers(run: Run, moment: datetime) -> bool:
    """Return whether the run was under way; of its times the fractions of a second are cut off."""
    return run.started is not None and run.started <= moment < run.ended + timedelta(seconds=1)
