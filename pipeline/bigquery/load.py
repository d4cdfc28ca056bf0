"""Load an object of the lake into the warehouse, atomically and once.

Belongs here: the load job and its proof. Not here: where the rows go (``partition.py``), tables,
ledger and job ids' mechanics.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from pipeline.bigquery import ledger
from pipeline.bigquery.jobs import run_once
from pipeline.bigquery.ledger import Load
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import (
    bigquery_client,
    bigquery_connection,
    bigquery_limits,
    endpoint,
    explained,
)
from pipeline.core.errors import Terminal, Transient
from pipeline.core.provenance import Provenance
from pipeline.lake.bucket import LakeObject, is_current

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob, LoadJobConfig

SERVICE: Final = "BigQuery"


class Destination(Protocol):
    """A part of the warehouse that a load replaces as a whole. ``str()`` is how messages call it.

    ``path`` names it to a load job; ``job_name`` is what is its own in the ids of such jobs.
    """

    @property
    def service(self) -> str:
        """Whose table it is, or is in."""

    @property
    def path(self) -> str:
        """Its name, ``project.dataset.table`` and perhaps a partition."""

    @property
    def job_name(self) -> str:
        """Its name in job ids."""

    def job_config(self, provenance: Provenance) -> "LoadJobConfig":
        """Return the settings of the job that replaces it by the rows of that origin."""

    def count_rows(self) -> int:
        """Return how many rows it holds now."""

    def recorded(self) -> Load | None:
        """Return the ledger's row in force."""


def load_object(
    destination: Destination,
    source: LakeObject,
    watch: Callable[["LoadJob"], None],
    *,
    anew: bool = False,
) -> Load:
    """Replace the destination's rows by the object's and return what was loaded.

    Makes the dataset's tables and views where they are missing. One job: a reader sees the old
    rows or the new ones. Safe to call again and from two machines at once: the job's id is made
    from the content, and a job that has run is adopted, unless ``anew``: then the views are made
    again, too.

    Raises:
        Terminal: BigQuery refused the rows, or holds another number of them than the object; or
            a table or view is not as declared.
        Transient: the service failed, or another run replaced the object meanwhile.
    """
    provenance = _provenance(destination, source)
    with explained(SERVICE, f"preparing the tables of {destination}"):
        ensure_tables(destination.service, provenance.added_columns, anew=anew)
    with explained(SERVICE, f"loading {destination}"):
        config = destination.job_config(provenance)
        job = run_once(
            job_stem(destination, provenance),
            lambda job_id: _submit(destination, source, config, job_id),
            lambda job: not anew and _is_in_force(destination, source, job),
            watch,
        )
    _check_source(destination, source)
    _check_rows(destination, job, provenance)
    ended = job.ended
    assert ended is not None
    return Load(provenance, job.job_id, ended, source.uri, source.generation, provenance.rows_kept)


def job_stem(destination: Destination, provenance: Provenance) -> str:
    """Return the job id without its attempt: the same work has the same name everywhere.

    A month with added columns has a schema version of its own, and so a job of its own.
    """
    digest, version = provenance.source_sha256[:12], provenance.schema_version
    return f"tlc_{destination.job_name}_{digest}_{version}"


def job_link(job: "LoadJob") -> str:
    """Return where a person can look at the job: Google's console, or the sandbox's answer."""
    return link_to_job(job.project, job.location, job.job_id)


def link_to_job(project: str, location: str, job_id: str) -> str:
    """Return the same of a job of which only the id is known."""
    url = endpoint(bigquery_connection())
    if url is None:
        place = f"project={project}&j=bq:{location}:{job_id}"
        return f"https://console.cloud.google.com/bigquery?{place}&page=queryresults"
    return f"{url}/bigquery/v2/projects/{project}/jobs/{job_id}?location={location}"


def _provenance(destination: Destination, source: LakeObject) -> Provenance:
    if source.provenance is None:
        raise Terminal(f"{destination}: the lake's object carries no provenance", seen=source.uri)
    return source.provenance


def _submit(
    destination: Destination, source: LakeObject, config: "LoadJobConfig", job_id: str
) -> "LoadJob":
    return bigquery_client().load_table_from_uri(
        source.uri, destination.path, job_id=job_id, job_config=config, **bigquery_limits()
    )


def _is_in_force(destination: Destination, source: LakeObject, job: "LoadJob") -> bool:
    if not _is_same_work(destination, source, job):
        return False
    ledger.forget()
    newest = destination.recorded()
    if newest is not None and newest.job_id != job.job_id and newest.loaded_at > job.ended:
        return False
    return bool(destination.count_rows() == job.output_rows)


def _is_same_work(destination: Destination, source: LakeObject, job: "LoadJob") -> bool:
    # Ids are known throughout a project: another dataset's load of this content has the same one.
    told = job.destination
    found = f"{told.project}.{told.dataset_id}.{told.table_id}"
    return job.source_uris == [source.uri] and found == destination.path


def _check_source(destination: Destination, source: LakeObject) -> None:
    # A job reads whatever the name holds when it runs; only this generation has our provenance.
    if not is_current(source):
        raise Transient(
            f"{destination}: another run replaced the lake's object while it was loaded",
            seen=f"{source.uri} is not generation {source.generation} any more",
            next_step="run the same command again",
        )


def _check_rows(destination: Destination, job: "LoadJob", provenance: Provenance) -> None:
    if job.output_rows != provenance.rows_kept:
        raise Terminal(
            f"{destination}: what was loaded is not the lake's object",
            seen=f"{job.output_rows} rows loaded by {job.job_id}",
            expected=f"{provenance.rows_kept} rows kept",
        )
