"""The ledger ``_loads``: which version of which month the warehouse holds.

Belongs here: asking it about all months at once, and writing a month's row. Not here: the rows of
trips. A month counts as loaded when its newest row is matched by the partition itself.
"""

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.bigquery.jobs import run_once
from pipeline.bigquery.tables import (
    LEDGER,
    LEDGER_COLUMNS,
    check_location,
    dataset_path,
    table_path,
)
from pipeline.connections.google import bigquery_client, explained, select, timeout
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob

SERVICE: Final = "BigQuery"
IN_FORCE: Final = """
WITH ledger AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY service, month ORDER BY loaded_at DESC) AS n
  FROM `{ledger}`
)
SELECT ledger.* EXCEPT (n), parts.total_rows AS partition_rows
FROM ledger
LEFT JOIN `{dataset}.INFORMATION_SCHEMA.PARTITIONS` AS parts
  ON parts.table_name = CONCAT(ledger.service, '_trips')
  AND parts.partition_id = FORMAT_DATE('%Y%m', ledger.month)
WHERE n = 1
"""


@dataclass(frozen=True)
class LoadedMonth:
    """A month's ledger row in force, beside what its partition really holds.

    ``partition_rows`` is None where there is no such partition.
    """

    provenance: Provenance
    job_id: str
    loaded_at: datetime
    object_uri: str
    object_generation: int
    partition_rows: int | None

    @property
    def is_whole(self) -> bool:
        """Whether the partition holds exactly the rows that the ledger says."""
        return self.partition_rows == self.provenance.rows_kept


def find(month: TripMonth) -> LoadedMonth | None:
    """Return the month's row in force, from one query for all months."""
    return loaded_months().get((month.service, month.key))


def loaded_months() -> dict[tuple[str, str], LoadedMonth]:
    """Return every month's row in force by service and month (``2021-01``).

    One query, remembered for the process; empty where there is no dataset or ledger yet.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
    """
    return _loaded_months(os.getpid())


def forget() -> None:
    """Forget what was asked, after a write."""
    _loaded_months.cache_clear()


def record(month: TripMonth, loaded: LoadedMonth) -> None:
    """Append the month's row, once per load job. Safe to call again."""
    row = _as_row(month, loaded)
    with explained(SERVICE, f"writing the ledger row of {month}"):
        run_once(
            f"{loaded.job_id}_ledger",
            lambda job_id: _append(row, job_id),
            lambda job: _is_recorded(month, loaded),
            lambda job: None,
        )
    forget()


def _append(row: dict[str, Any], job_id: str) -> "LoadJob":
    from google.cloud.bigquery import LoadJobConfig, SchemaField

    config = LoadJobConfig(
        schema=[SchemaField(name, kind) for name, kind, _ in LEDGER_COLUMNS],
        write_disposition="WRITE_APPEND",
        create_disposition="CREATE_NEVER",
    )
    return bigquery_client().load_table_from_json(
        [row], table_path(LEDGER), job_id=job_id, job_config=config, timeout=timeout()
    )


def _is_recorded(month: TripMonth, loaded: LoadedMonth) -> bool:
    forget()
    found = find(month)
    return found is not None and found.job_id == loaded.job_id


def _as_row(month: TripMonth, loaded: LoadedMonth) -> dict[str, Any]:
    return {
        **asdict(loaded.provenance),
        "month": month.first_day.isoformat(),
        "job_id": loaded.job_id,
        "loaded_at": loaded.loaded_at.astimezone(UTC).isoformat(),
        "object_uri": loaded.object_uri,
        "object_generation": loaded.object_generation,
    }


@cache
def _loaded_months(pid: int) -> dict[tuple[str, str], LoadedMonth]:
    from google.api_core.exceptions import NotFound

    sql = IN_FORCE.format(ledger=table_path(LEDGER), dataset=dataset_path())
    with explained(SERVICE, f"asking {dataset_path()} which months are loaded"):
        try:
            rows = [dict(row) for row in select(sql)]
        except NotFound:
            # No ledger yet; or a dataset elsewhere, which is better said before any work is done.
            with suppress(NotFound):
                check_location()
            return {}
    return {(row["service"], f"{row['month']:%Y-%m}"): _loaded(row) for row in rows}


def _loaded(row: dict[str, Any]) -> LoadedMonth:
    names = Provenance.__dataclass_fields__
    provenance = Provenance(**{name: row[name] for name in names if name != "month"},
                            month=f"{row['month']:%Y-%m}")  # fmt: skip
    others = LoadedMonth.__dataclass_fields__.keys() - {"provenance"}
    return LoadedMonth(provenance=provenance, **{name: row[name] for name in others})
