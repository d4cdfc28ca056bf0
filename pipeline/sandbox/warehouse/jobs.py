"""The jobs: their REST resources, remembered on disk for ever.

Belongs here: making, finding, listing and ending job rows. Not here: doing a job (``runner.py``).
"""

import json
import threading
from pathlib import Path
from typing import Any, Final

from pipeline.sandbox.http import ApiError, Invalid
from pipeline.sandbox.warehouse.catalog import Cursor, Resource, now_ms
from pipeline.sandbox.warehouse.database import Database

DEFAULT_LOCATION: Final = "US"
_IS: Final = "project = ? AND job_id = ? AND location = ?"


class JobStore:
    """The rows of ``_sandbox.jobs``. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._adding = threading.Lock()

    def add(self, job: Resource, upload: Path | None = None) -> None:
        """Write a PENDING job; it is on disk when this returns.

        ``upload`` is the file that came with a load job. Raises ApiError 409 (``duplicate``) where
        the id was used before, however that job ended.
        """
        created, file = int(job["statistics"]["creationTime"]), str(upload) if upload else None
        with self._adding, self._database.reading() as cursor:
            if self._find(cursor, _key(job)) is not None:
                raise ApiError(409, "duplicate", f"Already Exists: Job {job['id']}")
            cursor.execute(
                "INSERT INTO _sandbox.jobs VALUES (?, ?, ?, ?, 'PENDING', ?, ?)",
                [*_key(job), created, json.dumps(job), file],
            )

    def get(self, project: str, job_id: str, location: str | None) -> Resource:
        """Return the job; raise 404 where there is none of that id in that location."""
        with self._database.reading() as cursor:
            key = [project, job_id, (location or DEFAULT_LOCATION).casefold()]
            found = self._find(cursor, key)
        if found is None:
            place = f"{location}." if location else ""
            raise ApiError(404, "notFound", f"Not found: Job {project}:{place}{job_id}")
        return found

    def upload(self, job: Resource) -> Path | None:
        """Return the file that came with the job, or None."""
        with self._database.reading() as cursor:
            row = cursor.execute(
                f"SELECT upload FROM _sandbox.jobs WHERE {_IS}", _key(job)
            ).fetchone()
        return Path(row[0]) if row and row[0] else None

    def unfinished(self) -> list[Resource]:
        """Return the jobs that are not DONE, oldest first."""
        with self._database.reading() as cursor:
            rows = cursor.execute(
                "SELECT resource FROM _sandbox.jobs WHERE state != 'DONE' ORDER BY created_ms"
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def page(
        self, project: str, states: list[str], created: tuple[int, int], offset: int, size: int
    ) -> list[Resource]:
        """Return jobs, newest first: those in ``states`` (all if empty) made between two times."""
        wanted = states or ["PENDING", "RUNNING", "DONE"]
        with self._database.reading() as cursor:
            rows = cursor.execute(
                "SELECT resource FROM _sandbox.jobs WHERE project = ? AND list_contains(?, state) "
                "AND created_ms BETWEEN ? AND ? "
                "ORDER BY created_ms DESC, job_id LIMIT ? OFFSET ?",
                [project, wanted, *created, size, offset],
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def start(self, job: Resource) -> Resource:
        """Write and return the job as RUNNING."""
        with self._database.reading() as cursor:
            return self._save(cursor, job, "RUNNING", {"startTime": str(now_ms())}, None)

    def finish(
        self, cursor: Cursor, job: Resource, statistics: Resource, error: ApiError | None = None
    ) -> Resource:
        """Write and return the job as DONE, on the connection of the transaction that did it."""
        return self._save(cursor, job, "DONE", {"endTime": str(now_ms())} | statistics, error)

    def forget(self, job: Resource) -> None:
        """Delete the job's row."""
        with self._database.reading() as cursor:
            cursor.execute(f"DELETE FROM _sandbox.jobs WHERE {_IS}", _key(job))

    def _save(
        self,
        cursor: Cursor,
        job: Resource,
        state: str,
        statistics: Resource,
        error: ApiError | None,
    ) -> Resource:
        status: dict[str, Any] = {"state": state}
        if error is not None:
            result = {"reason": error.api_reason, "message": error.message}
            status |= {"errorResult": result, "errors": [result]}
        saved = job | {"status": status, "statistics": job["statistics"] | statistics}
        cursor.execute(
            f"UPDATE _sandbox.jobs SET state = ?, resource = ? WHERE {_IS}",
            [state, json.dumps(saved), *_key(job)],
        )
        return saved

    def _find(self, cursor: Cursor, key: list[str]) -> Resource | None:
        row = cursor.execute(f"SELECT resource FROM _sandbox.jobs WHERE {_IS}", key).fetchone()
        return None if row is None else json.loads(row[0])


def new_job(
    project: str,
    job_id: str,
    location: str,
    configuration: Resource | None,
    statistics: Resource | None = None,
) -> Resource:
    """Return the resource of a job that nothing was done about yet."""
    given = {key: value for key, value in (configuration or {}).items() if value is not None}
    kind = job_type(given)
    return {
        "kind": "bigquery#job",
        "id": f"{project}:{location}.{job_id}",
        "selfLink": f"/bigquery/v2/projects/{project}/jobs/{job_id}?location={location}",
        "user_email": "sandbox@localhost",
        "jobReference": {"projectId": project, "jobId": job_id, "location": location},
        "configuration": given | {"jobType": kind.upper()},
        "status": {"state": "PENDING"},
        "statistics": {"creationTime": str(now_ms())} | (statistics or {}),
    }


def job_type(configuration: Resource) -> str:
    """Return ``load``, ``query``, ``copy`` or ``extract``; raise 400 unless it is one of them."""
    kinds = [kind for kind in ("load", "query", "copy", "extract") if kind in configuration]
    if len(kinds) != 1:
        raise Invalid("Job configuration must contain exactly one job-specific configuration")
    return kinds[0]


def _key(job: Resource) -> list[str]:
    reference = job["jobReference"]
    return [reference["projectId"], reference["jobId"], reference["location"].casefold()]
