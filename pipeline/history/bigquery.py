"""The runs in BigQuery: the table ``_runs``.

Belongs here: its definition, writing and reading. Not here: which runs (``outbox.py``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.bigquery.definitions import LABELS, table_path
from pipeline.bigquery.jobs import run_once
from pipeline.connections.google import bigquery_client, bigquery_limits, explained, select
from pipeline.core.errors import Transient
from pipeline.history.run import COLUMNS, Run

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob, SchemaField

RUNS: Final = "_runs"
NEWEST: Final = """
WITH runs AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY ended DESC) AS n FROM `{runs}`
)
SELECT runs.* EXCEPT (n) FROM runs WHERE n = 1 ORDER BY ended DESC LIMIT {limit}
"""


class NoDataset(Transient):
    """Raised as long as nothing has been loaded: the first load makes the dataset."""


def write(runs: Sequence[Run]) -> None:
    """Add runs. A second call with the same adds nothing.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
        NoDataset: nothing has been loaded yet.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud.bigquery import LoadJobConfig, Table

    told = "|".join(run.run_id for run in runs)
    rows = [_row(run) for run in runs]
    config = LoadJobConfig(schema=_fields(), write_disposition="WRITE_APPEND")

    def submit(job_id: str) -> "LoadJob":
        return bigquery_client().load_table_from_json(
            rows, table_path(RUNS), job_id=job_id, job_config=config,
            timeout=bigquery_limits()["timeout"],
        )  # fmt: skip

    with explained("BigQuery", "keeping the history of runs"):
        table = Table(table_path(RUNS), schema=_fields())
        table.description, table.labels = "One row per run, sent by its host.", LABELS
        try:
            bigquery_client().create_table(table, exists_ok=True, **bigquery_limits())
        except NotFound as error:
            raise NoDataset("there is no dataset yet", next_step="load a month") from error
        stem = f"tlc_runs_{hashlib.sha256(told.encode()).hexdigest()[:20]}"
        run_once(stem, submit, lambda job: True, lambda job: None)


def read(limit: int) -> list[Run]:
    """Return the newest runs, newest first; none where there is no such table yet.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
    """
    from google.api_core.exceptions import NotFound

    with explained("BigQuery", "reading the history of runs"):
        try:
            rows = select(NEWEST.format(runs=table_path(RUNS), limit=limit))
            return [Run(**dict(row)) for row in rows]
        except NotFound:
            return []


def _fields() -> list["SchemaField"]:
    from google.cloud.bigquery import SchemaField

    return [SchemaField(name, kind, description=told) for name, kind, told in COLUMNS]


def _row(run: Run) -> dict[str, Any]:
    times = {"started": run.started, "ended": run.ended}
    return asdict(run) | {name: time and time.isoformat() for name, time in times.items()}
