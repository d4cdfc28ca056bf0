"""What ran, newest first: from the history, this host's outbox and the ledgers.

Belongs here: putting the three together. Not here: each of them.

A load by plain ``luigi`` leaves no record of a run, but its row in a ledger. Such a row is shown
as a run of its own where no run that is known was under way as it was written.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.history import outbox
from pipeline.history.run import Run

Warn = Callable[[PipelineError], None]


def past(limit: int, warn: Warn) -> list[Run]:
    """Return the newest ``limit`` runs; ``warn`` is told of a store that cannot be asked."""
    sent = [run for store in _stores() for run in _asked(partial(store, limit), warn)]
    known = {run.run_id: run for run in [*sent, *outbox.waiting()]}
    loads = [run for store in _ledgers() for run in _asked(store, warn)]
    runs = [*known.values()]
    runs += [load for load in loads if not any(covers(run, load.ended) for run in known.values())]
    return sorted(runs, key=lambda run: run.ended, reverse=True)[:limit]


def _asked(ask: Callable[[], list[Run]], warn: Warn) -> list[Run]:
    try:
        return ask()
    except PipelineError as error:
        warn(error)
        return []


def _stores() -> Iterable[Callable[[int], list[Run]]]:
    from pipeline.history import bigquery, postgres

    stores = {"bigquery": bigquery.read, "postgres": postgres.read}
    return [read for name, read in stores.items() if outbox.is_reachable(name)]


def _ledgers() -> Iterable[Callable[[], list[Run]]]:
    from pipeline.bigquery import ledger
    from pipeline.postgres import ledger as postgres_ledger

    ledgers: dict[str, tuple[str, Any]] = {
        "bigquery": ("LoadMonthToBQ", ledger.loaded_months),
        "postgres": ("LoadMonthToPostgres", postgres_ledger.loaded_months),
    }
    return [partial(_loads, *told) for name, told in ledgers.items() if outbox.is_reachable(name)]


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
