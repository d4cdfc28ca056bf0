"""Load one month's lake object into its partition, atomically and once.

Belongs here: the load job and its proof. Not here: tables, ledger and job ids' mechanics.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import LABELS, clustering, schema_fields, table_path
from pipeline.bigquery.jobs import run_once
from pipeline.bigquery.ledger import Load
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import (
    bigquery_client,
    bigquery_limits,
    endpoint,
    explained,
    select,
)
from pipeline.core.errors import Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake.bucket import LakeObject, is_current
from pipeline.schemas import service_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob, LoadJobConfig

SERVICE: Final = "BigQuery"


def load_month(month: TripMonth, source: LakeObject, watch: Callable[["LoadJob"], None]) -> Load:
    """Replace the month's partition by the object's rows and return what was loaded.

    Makes the dataset's tables and views where they are missing. One job: a reader sees the old
    month or the new one. Safe to call again and from two machines at once: the job's id is made
    from the content, and a job that has run is adopted.

    Raises:
        Terminal: BigQuery refused the rows, or holds another number of them than the object; or
            a table or view is not as declared.
        Transient: the service failed, or another run replaced the object meanwhile.
    """
    provenance = _provenance(month, source)
    with explained(SERVICE, f"preparing the tables of {month}"):
        ensure_tables(month.service, provenance.added_columns)
    with explained(SERVICE, f"loading {month}"):
        job = run_once(
            job_stem(month, provenance),
            lambda job_id: _submit(month, source, _job_config(month, provenance), job_id),
            lambda job: _is_in_force(month, source, job),
            watch,
        )
    _check_source(month, source)
    _check_rows(month, job, provenance)
    ended = job.ended
    assert ended is not None
    return Load(provenance, job.job_id, ended, source.uri, source.generation, provenance.rows_kept)


def job_stem(month: TripMonth, provenance: Provenance) -> str:
    """Return the job id without its attempt: the same work has the same name everywhere.

    A month with added columns has a schema version of its own, and so a job of its own.
    """
    digest, version = provenance.source_sha256[:12], provenance.schema_version
    return f"tlc_{month.service}_{month.partition_id}_{digest}_{version}"


def job_link(job: "LoadJob") -> str:
    """Return where a person can look at the job: Google's console, or the sandbox's answer."""
    url = endpoint()
    if url is None:
        place = f"project={job.project}&j=bq:{job.location}:{job.job_id}"
        return f"https://console.cloud.google.com/bigquery?{place}&page=queryresults"
    return f"{url}/bigquery/v2/projects/{job.project}/jobs/{job.job_id}?location={job.location}"


def _provenance(month: TripMonth, source: LakeObject) -> Provenance:
    if source.provenance is None:
        raise Terminal(f"{month}: the lake's object carries no provenance", seen=source.uri)
    return source.provenance


def _submit(
    month: TripMonth, source: LakeObject, config: "LoadJobConfig", job_id: str
) -> "LoadJob":
    partition = f"{table_path(month.table_name)}${month.partition_id}"
    return bigquery_client().load_table_from_uri(
        source.uri, partition, job_id=job_id, job_config=config, **bigquery_limits()
    )


def _job_config(month: TripMonth, provenance: Provenance) -> "LoadJobConfig":
    from google.cloud.bigquery import LoadJobConfig, TimePartitioning

    schema = service_schema(month.service).extended(provenance.added_columns)
    return LoadJobConfig(
        source_format="PARQUET",
        schema=schema_fields(schema),
        write_disposition="WRITE_TRUNCATE",
        create_disposition="CREATE_NEVER",
        time_partitioning=TimePartitioning(type_="MONTH", field="source_month"),
        clustering_fields=clustering(schema),
        labels={**LABELS, "service": month.service, "month": month.key},
    )


def _is_in_force(month: TripMonth, source: LakeObject, job: "LoadJob") -> bool:
    if not _is_same_work(month, source, job):
        return False
    ledger.forget()
    newest = ledger.find(month)
    if newest is not None and newest.job_id != job.job_id and newest.loaded_at > job.ended:
        return False
    return bool(_partition_rows(month) == job.output_rows)


def _is_same_work(month: TripMonth, source: LakeObject, job: "LoadJob") -> bool:
    # Ids are known throughout a project: another dataset's load of this content has the same one.
    partition = f"{table_path(month.table_name)}${month.partition_id}"
    destination = job.destination
    found = f"{destination.project}.{destination.dataset_id}.{destination.table_id}"
    return job.source_uris == [source.uri] and found == partition


def _partition_rows(month: TripMonth) -> int | None:
    sql = f"SELECT COUNT(*) AS n FROM `{table_path(month.table_name)}` WHERE source_month = @month"
    return next(int(row["n"]) for row in select(sql, month=month.first_day))


def _check_source(month: TripMonth, source: LakeObject) -> None:
    # A job reads whatever the name holds when it runs; only this generation has our provenance.
    if not is_current(source):
        raise Transient(
            f"{month}: another run replaced the lake's object while it was loaded",
            seen=f"{source.uri} is not generation {source.generation} any more",
            next_step="run the same command again",
        )


def _check_rows(month: TripMonth, job: "LoadJob", provenance: Provenance) -> None:
    if job.output_rows != provenance.rows_kept:
        raise Terminal(
            f"{month}: the partition is not the lake's object",
            seen=f"{job.output_rows} rows loaded by {job.job_id}",
            expected=f"{provenance.rows_kept} rows kept",
        )
