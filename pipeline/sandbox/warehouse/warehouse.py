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

from pipeline.sandbox.http import ApiError, NotImplementedHere
from pipeline.sandbox.warehouse import copy, load, query
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource
from pipeline.sandbox.warehouse.database import Database
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.jobs import DEFAULT_LOCATION, JobStore, job_type, new_job
from pipeline.sandbox.warehouse.results import Results
from pipeline.sandbox.warehouse.runner import Runner

DEFAULT_PROJECT: Final = "tlc-sandbox"
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
        project: str = DEFAULT_PROJECT,
    ) -> None:
        self.root, self.project = root, project
        self.bucket = load.Bucket(object_path, list_objects)
        self.database = Database(root)
        self.catalog = Catalog(project)
        self.jobs = JobStore(self.database, project)
        self.results = Results(root / "results")
        self.runner = Runner(self.database, self.jobs, self._execute, self._reads)
        self.api_threads = ThreadPoolExecutor(API_THREADS, "warehouse-api")

    def start(self) -> None:
        """Begin; jobs that an earlier process left unfinished are done again."""
        self.results.expire()
        self.runner.start()

    def close(self) -> None:
        """Stop every thread and close the file; call once."""
        self.api_threads.shutdown()
        self.runner.close()
        self.database.close()

    def insert_job(self, resource: Resource, upload: Path | None = None) -> Resource:
        """Remember the job and begin it; return its resource. A dry run is only answered.

        Raises:
            ApiError: 400 bad configuration, 404 no such dataset there, 409 the id was used.
            NotImplementedHere: the configuration asks for something outside the slice.
        """
        reference = resource.get("jobReference") or {}
        configuration = resource.get("configuration") or {}
        self.catalog.check_project(str(reference.get("projectId") or self.project))
        job_id = str(reference.get("jobId") or uuid.uuid4())
        if not _JOB_ID.fullmatch(job_id):
            raise ApiError(400, "invalid", f'Invalid job ID "{job_id}".')
        with self.database.snapshot() as cursor:
            location, told = self._checked(cursor, configuration, reference.get("location"))
        job = new_job(self.project, job_id, location, configuration)
        job["statistics"] |= told
        if configuration.get("dryRun"):
            return job | {"status": {"state": "DONE"}}
        self.jobs.add(job, upload)
        self.runner.submit(job)
        return job

    def _checked(
        self, cursor: Cursor, configuration: Resource, wanted: str | None
    ) -> tuple[str, Resource]:
        """Return where the job runs and what is known of it before; raise where it cannot be."""
        unknown = {key for key, value in configuration.items() if value} - _CONFIGURATION
        if unknown:
            raise NotImplementedHere(f"jobs with {', '.join(sorted(unknown))}")
        kind = job_type(configuration)
        if kind == "extract" or (configuration.get("dryRun") and kind != "query"):
            raise NotImplementedHere("dryRun of such jobs" if kind != "extract" else "extract jobs")
        if kind == "query":
            return self._checked_query(cursor, configuration, wanted)
        if kind == "load":
            load.check(configuration["load"])
        else:
            copy.check(configuration["copy"], self.project)
        return self._location(cursor, configuration, wanted), {}

    def _checked_query(
        self, cursor: Cursor, configuration: Resource, wanted: str | None
    ) -> tuple[str, Resource]:
        if self._destination(configuration) is not None:
            wanted = self._location(cursor, configuration, wanted)
        compiled = query.compiled(self.catalog, cursor, configuration["query"], wanted)
        told = query.described(self.catalog, cursor, compiled)
        return compiled.location or DEFAULT_LOCATION, {"query": told}

    def _location(self, cursor: Cursor, configuration: Resource, wanted: str | None) -> str:
        """Where the job's dataset is, which must be where the caller said."""
        destination = self._destination(configuration)
        assert destination is not None
        ref = destination.ref
        if wanted:
            self.catalog.check_location(cursor, ref.project, ref.dataset, wanted)
        return str(self.catalog.dataset(cursor, ref.project, ref.dataset)["location"])

    def _destination(self, configuration: Resource) -> Destination | None:
        kind = job_type(configuration)
        if kind == "query" and not configuration["query"].get("destinationTable"):
            return None
        default = "WRITE_APPEND" if kind == "load" else "WRITE_EMPTY"
        return Destination.of(self.catalog, configuration[kind], default)

    def _reads(self, job: Resource) -> bool:
        """Whether the job writes no table, so that it need not wait for those that do."""
        told = job["statistics"].get("query", {})
        return told.get("statementType") == "SELECT" and not self._destination(job["configuration"])

    def _execute(self, cursor: Cursor, job: Resource) -> Resource:
        kind, destination = job_type(job["configuration"]), self._destination(job["configuration"])
        config = job["configuration"][kind]
        if kind == "query":
            location = job["jobReference"]["location"]
            compiled = query.compiled(self.catalog, cursor, config, location)
            return {
                "query": query.run(cursor, compiled, self.catalog, destination, self.results, job)
            }
        assert destination is not None
        if kind == "copy":
            return {"copy": copy.run(cursor, self.catalog, config, destination)}
        upload = self.jobs.upload(job)
        files = [(upload.name, upload)] if upload else self.bucket.files(config["sourceUris"])
        return {"load": load.run(cursor, config, destination, files)}
