"""The ledger ``_loads``: which version of which month, and of the zones, the warehouse holds.

Belongs here: asking it about everything at once, and writing a load's row. Not here: the rows that
were loaded. A month counts as loaded when its newest row is matched by the partition itself.
"""

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.bigquery.definitions import (
    LEDGER,
    LEDGER_COLUMNS,
    ZONES,
    dataset_path,
    table_name,
    table_path,
)
from pipeline.bigquery.jobs import run_once
from pipeline.bigquery.tables import check_location
from pipeline.connections.google import bigquery_client, bigquery_connection, explained, select
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob

SERVICE: Final = "BigQuery"
# The columns of an older ledger are fewer; so all are asked for, and none by name.
IN_FORCE: Final = """
WITH ledger AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY service, month ORDER BY loaded_at DESC) AS n
  FROM `{ledger}`
)
SELECT ledger.* EXCEPT (n), parts.total_rows AS partition_rows
FROM ledger
LEFT JOIN `{dataset}.INFORMATION_SCHEMA.PARTITIONS` AS parts
  ON parts.table_name = IF(ledger.month IS NULL, '{zones}', CONCAT(ledger.service, '_trips'))
  AND IFNULL(parts.partition_id, '') = IFNULL(FORMAT_DATE('%Y%m', ledger.month), '')
WHERE n = 1
"""
HISTORY: Final = """
SELECT *, CAST(NULL AS INT64) AS partition_rows
FROM `{ledger}` WHERE service = @service AND month = @month ORDER BY loaded_at DESC
"""


# Constant false, so that the source's rows are all inserted: one statement, whole or not at all.
TIDY: Final = """
MERGE `{ledger}` AS held
USING (
  SELECT DISTINCT * FROM `{ledger}`
  WHERE service = @service AND month = @month AND loaded_at <= CURRENT_TIMESTAMP()
) AS told
ON FALSE
WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})
WHEN NOT MATCHED BY SOURCE AND held.service = @service AND held.month = @month THEN DELETE
"""


@dataclass(frozen=True)
class Load:
    """The ledger row in force of a month or of the zones, beside what the warehouse really holds.

    ``partition_rows`` counts the month's partition, or the whole table of the zones, which has no
    partitions; it is None where there is none. The zones' ``provenance.month`` is empty.
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


def find(month: TripMonth) -> Load | None:
    """Return the month's row in force, from one query for everything."""
    return _loads(os.getpid()).get((month.service, month.key))


def find_zones() -> Load | None:
    """Return the row in force of the zone lookup, from the same query."""
    return _loads(os.getpid()).get((ZONES, ""))


def loaded_months() -> dict[tuple[str, str], Load]:
    """Return every month's row in force by service and month (``2021-01``).

    One query, remembered for the process; empty where there is no dataset or ledger yet.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
    """
    return {key: load for key, load in _loads(os.getpid()).items() if key[1]}


def history(month: TripMonth) -> list[Load]:
    """Return every load of the month that the ledger tells of, the newest first: one query.

    What the partition holds is not asked; each one's ``partition_rows`` is None.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
    """
    with explained(SERVICE, f"asking {dataset_path()} how {month} was loaded"):
        return _told(HISTORY, service=month.service, month=month.first_day)


def forget() -> None:
    """Forget what was asked, after a write."""
    _loads.cache_clear()


def record(load: Load) -> None:
    """Append the row of a month or of the zones, once per load job. Safe to call again."""
    row = _as_row(load)
    with explained(SERVICE, f"writing the ledger row of {' '.join(_key(load))}"):
        run_once(
            f"{load.job_id}_ledger",
            lambda job_id: _append(row, job_id),
            lambda job: _is_recorded(load),
            lambda job: None,
        )
    forget()


def tidy(load: Load) -> None:
    """Leave each row of that month once, and none that claims to be of the future.

    Nothing of what the ledger tells is lost. Safe to call again.
    """
    names = [name for name, _, _ in LEDGER_COLUMNS]
    sql = TIDY.format(
        ledger=table_path(LEDGER),
        columns=", ".join(names),
        values=", ".join(f"told.{name}" for name in names),
    )
    service, month = _key(load)
    with explained(SERVICE, f"tidying the ledger rows of {service} {month}"):
        select(sql, service=service, month=date.fromisoformat(f"{month}-01"))
    forget()


def _append(row: dict[str, Any], job_id: str) -> "LoadJob":
    from google.cloud.bigquery import LoadJobConfig, SchemaField

    config = LoadJobConfig(
        schema=[SchemaField(name, kind) for name, kind, _ in LEDGER_COLUMNS],
        write_disposition="WRITE_APPEND",
        create_disposition="CREATE_NEVER",
    )
    return bigquery_client().load_table_from_json(
        [row],
        table_path(LEDGER),
        job_id=job_id,
        job_config=config,
        timeout=bigquery_connection().timeout,
    )


def _is_recorded(load: Load) -> bool:
    forget()
    found = _loads(os.getpid()).get(_key(load))
    return found is not None and found.job_id == load.job_id


def _key(load: Load) -> tuple[str, str]:
    return load.provenance.service, load.provenance.month


def _as_row(load: Load) -> dict[str, Any]:
    month = load.provenance.month
    return {
        **asdict(load.provenance),
        "month": f"{month}-01" if month else None,
        "job_id": load.job_id,
        "loaded_at": load.loaded_at.astimezone(UTC).isoformat(),
        "object_uri": load.object_uri,
        "object_generation": load.object_generation,
    }


@cache
def _loads(pid: int) -> dict[tuple[str, str], Load]:
    with explained(SERVICE, f"asking {dataset_path()} which months are loaded"):
        return {_key(load): load for load in _told(IN_FORCE)}


def _told(sql: str, **parameters: Any) -> list[Load]:
    """Return the loads that a query tells of; none where there is no ledger yet."""
    from google.api_core.exceptions import NotFound

    names = {"ledger": table_path(LEDGER), "dataset": dataset_path(), "zones": table_name(ZONES)}
    try:
        return [_load(dict(row)) for row in select(sql.format(**names), **parameters)]
    except NotFound:
        # Or a dataset elsewhere, which is better said before any work is done.
        with suppress(NotFound):
            check_location()
        return []


def _load(row: dict[str, Any]) -> Load:
    row["month"] = f"{row['month']:%Y-%m}" if row["month"] else ""
    told = {name: row[name] for name in Provenance.__dataclass_fields__ if name in row}
    own = {name: row[name] for name in Load.__dataclass_fields__ if name != "provenance"}
    return Load(Provenance(**told), **own)
