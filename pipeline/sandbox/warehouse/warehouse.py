"""The warehouse as a whole: its parts put together, and the one way a job comes in.

Belongs here: wiring, and the checks a job passes before it is one. Not here: HTTP
(``handlers.py``), what jobs do.
"""

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse import copy, load, query
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource
from pipeline.sandbox.warehouse.database import Database
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.jobs import DEFAULT_LOCATION, JobStore, job_type, new_job
from pipeline.sandbox.warehouse.results import Results
from pipeline.sandbox.warehouse.runner import Runner
from pipeline.sandbox.warehouse.uploads import Uploads

API_THREADS: Final = 8
_JOB_ID: Final = re.compile(r"[\w-]{1,1024}", re.ASCII)
_CONFIGURATION: Final = {"load", "query", "copy", "extract", "jobType", "labels", "dryRun"}


class Warehouse:
    """The stand-in for BigQuery over the folder ``root``.

    ``object_path(bucket, name)`` is the local file of a ``gs://`` object and raises
    FileNotFoundError where there is none; ``list_objects(bucket, prefix)`` are object names.
    """

    def __init__(
        self,
        root: Path,
        object_path: Callable[[str, str], Path],
        list_objects: Callable[[str, str], list[str]],
    ) -> None:
        self.bucket = load.Bucket(object_path, list_objects)
        self.results = Results(root / "results")
        self.uploads = Uploads(root / "uploads")
        self.database, self.catalog = Database(root), Catalog()
        self.jobs = JobStore(self.database)
        self.runner = Runner(self.database, self.jobs, self._execute, self._reads)
        self.api_threads = ThreadPoolExecutor(API_THREADS, "warehouse-api")

    def start(self) -> None:
        """Begin; jobs that an earlier process left unfinished are done again."""
        self.results.expire()
        unfinished = {job["id"]: (job, self.jobs.upload(job)) for job in self.jobs.unfinished()}
        self.uploads.clean(upload for _, upload in unfinished.values())
        for job, upload in unfinished.values():
            self._submit(job, upload)

    def close(self) -> None:
        """Stop every thread and close the file; call once."""
        self.api_threads.shutdown()
        self.runner.close()
        self.database.close()

    def insert_job(self, project: str, resource: Resource, upload: Path | None = None) -> Resource:
        """Remember the job and begin it; return its resource. A dry run is only answered.

        Raises:
            ApiError: 400 bad configuration, 404 no such dataset there, 409 the id was used.
            NotImplementedHere: the configuration asks for something outside the slice.
        """
        job = self._checked(project, resource)
        if job["configuration"].get("dryRun"):
            return job | {"status": {"state": "DONE"}}
        self.jobs.add(job, upload)
        self._submit(job, upload)
        return job

    def _submit(self, job: Resource, upload: Path | None) -> None:
        done = self.runner.submit(job)
        if upload is not None:
            done.add_done_callback(lambda _: self._discard(job, upload))

    def _discard(self, job: Resource, upload: Path) -> None:
        """Delete the file, unless the job was broken off and is to be done at the next start."""
        if self.jobs.get(*job["jobReference"].values())["status"]["state"] == "DONE":
            upload.unlink(missing_ok=True)

    def _checked(self, project: str, resource: Resource) -> Resource:
        """Return the job as it is to be remembered; raise where it cannot be one."""
        reference = resource.get("jobReference") or {}
        job_id = str(reference.get("jobId") or uuid.uuid4())
        if not _JOB_ID.fullmatch(job_id):
            raise Invalid(f'Invalid job ID "{job_id}".')
        if reference.get("projectId") not in (None, project):
            raise Invalid(f"Job reference {reference} is not of {project}")
        wanted = reference.get("location")
        job = new_job(project, job_id, wanted or DEFAULT_LOCATION, resource.get("configuration"))
        with self.database.snapshot() as cursor:
            location = self._check(cursor, job, wanted)
        return new_job(project, job_id, location, job["configuration"], job["statistics"])

    def _check(self, cursor: Cursor, job: Resource, wanted: str | None) -> str:
        """Return where the job runs, and add what is known before to its statistics."""
        configuration, kind = job["configuration"], job_type(job["configuration"])
        unknown = {key for key, value in configuration.items() if value} - _CONFIGURATION
        if kind == "extract" or unknown:
            raise NotImplementedHere(f"jobs with {', '.join(sorted(unknown | {kind}))}")
        if configuration.get("dryRun") and kind != "query":
            raise NotImplementedHere(f"dryRun of a {kind} job")
        if kind == "load":
            load.check(configuration["load"])
        if kind == "copy":
            copy.check(configuration["copy"], job["jobReference"]["projectId"])
        if self._destination(job) is not None:
            wanted = self._location(cursor, job, wanted)
        if kind == "query":
            compiled = self._compiled(cursor, job, wanted)
            job["statistics"]["query"] = query.described(self.catalog, cursor, compiled)
            wanted = compiled.location
        return wanted or DEFAULT_LOCATION

    def _location(self, cursor: Cursor, job: Resource, wanted: str | None) -> str:
        """Where the job's destination is, which must be where the caller said."""
        ref = Destination.of(self.catalog, job).ref
        if wanted:
            self.catalog.check_location(cursor, ref.project, ref.dataset, wanted)
        return str(self.catalog.dataset(cursor, ref.project, ref.dataset)["location"])

    def _compiled(self, cursor: Cursor, job: Resource, location: str | None) -> query.Query:
        project, config = job["jobReference"]["projectId"], job["configuration"]["query"]
        return query.compiled(self.catalog, cursor, project, config, location)

    def _destination(self, job: Resource) -> Destination | None:
        config = job["configuration"]
        if "query" in config and not config["query"].get("destinationTable"):
            return None
        return Destination.of(self.catalog, job)

    def _reads(self, job: Resource) -> bool:
        """Whether the job writes no table, so that it need not wait for those that do."""
        told = job["statistics"].get("query", {})
        return told.get("statementType") == "SELECT" and self._destination(job) is None

    def _execute(self, cursor: Cursor, job: Resource) -> Resource:
        kind = job_type(job["configuration"])
        work = {"load": self._load, "copy": self._copy, "query": self._query}[kind]
        return {kind: work(cursor, job)}

    def _load(self, cursor: Cursor, job: Resource) -> Resource:
        config, upload = job["configuration"]["load"], self.jobs.upload(job)
        files = [(upload.name, upload)] if upload else self.bucket.files(config["sourceUris"])
        return load.run(cursor, config, Destination.of(self.catalog, job), files)

    def _copy(self, cursor: Cursor, job: Resource) -> Resource:
        project, config = job["jobReference"]["projectId"], job["configuration"]["copy"]
        destination = Destination.of(self.catalog, job)
        return copy.run(cursor, self.catalog, project, config, destination)

    def _query(self, cursor: Cursor, job: Resource) -> Resource:
        compiled = self._compiled(cursor, job, job["jobReference"]["location"])
        destination = self._destination(job)
        return query.run(cursor, compiled, self.catalog, destination, self.results, job)
