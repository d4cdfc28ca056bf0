"""A job that is done once, however often and from wherever it is asked for.

Belongs here: ids, re-attachment after a repeated id, waiting. Not here: what a job does.

BigQuery answers 409 to an id that it knows and does not return that job; so the job is fetched,
compared, waited for and adopted. A failed job's id is spent: the next attempt's number is taken.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from pipeline.connections.google import bigquery_client, bigquery_limits
from pipeline.core.errors import Terminal, Transient

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob

ATTEMPTS: Final = 100
FIRST_POLL: Final = 0.05
LAST_POLL: Final = 2.0
RETRYABLE: Final = {
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "quotaExceeded",
    "rateLimitExceeded",
    "stopped",
    "tableUnavailable",
    "timeout",
}
"""Reasons that lie in the service, or in whoever cancelled the job; not in what was asked."""

Submit = Callable[[str], "LoadJob"]


def run_once(
    stem: str,
    submit: Submit,
    is_in_force: Callable[["LoadJob"], bool],
    watch: Callable[["LoadJob"], None],
) -> "LoadJob":
    """Return the job ``<stem>_a<n>``, finished without error: adopted where it was, else run.

    ``submit`` sends the job with the id it is given; ``is_in_force`` tells whether what a finished
    job of an earlier run wrote is still what the table holds; ``watch`` is called as it runs.

    Raises:
        Transient, Terminal: the job that this call submitted failed.
    """
    from google.api_core.exceptions import Conflict

    for attempt in range(1, ATTEMPTS + 1):
        job_id = f"{stem}_a{attempt}"
        try:
            job = submit(job_id)
        except Conflict:
            job = _known_job(job_id)
            _wait(job, watch)
            if job.error_result is None and is_in_force(job):
                return job
            continue
        _wait(job, watch)
        _raise_failure(job)
        return job
    raise Terminal(f"{ATTEMPTS} jobs named {stem}_a<n> have run and none is in force",
                   next_step="look at the last of them in BigQuery's job history")  # fmt: skip


def _known_job(job_id: str) -> "LoadJob":
    # In the client's project and location: an id is known only there.
    return cast("LoadJob", bigquery_client().get_job(job_id, **bigquery_limits()))


def _wait(job: "LoadJob", watch: Callable[["LoadJob"], None]) -> None:
    """Return when the job is done; BigQuery ends every load job, after six hours at the latest."""
    pause = FIRST_POLL
    watch(job)
    while not job.done(**bigquery_limits()):
        time.sleep(pause)
        pause = min(2 * pause, LAST_POLL)
        watch(job)


def _raise_failure(job: "LoadJob") -> None:
    if job.error_result is None:
        return
    what, seen = f"BigQuery job {job.job_id} failed", job.error_result.get("message")
    again = "run the same command again"
    if job.error_result.get("reason") in RETRYABLE:
        raise Transient(what, seen=seen, next_step=again)
    raise Terminal(what, seen=seen, next_step=f"mend what it names and {again}")
