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
from pipeline.sandbox.warehouse import load
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource
from pipeline.sandbox.warehouse.database import Database
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.jobs import JobStore, job_type
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
        self.runner = Runner(self.database, self.jobs, self._execute, self._reads)
        self.api_threads = ThreadPoolExecutor(API_THREADS, "warehouse-api")

    def start(self) -> None:
        """Begin; jobs that an earlier process left unfinished are done again."""
        self.runner.start()

    def close(self) -> None:
        """Stop every thread and close the file; call once."""
        self.api_threads.shutdown()
        self.runner.close()
        self.database.close()

    def insert_job(self, resource: Resource, upload: Path | None = None) -> Resource:
        """Remember the job and begin it; return its resource.

        Raises:
            ApiError: 400 bad configuration, 404 no such dataset there, 409 the id was used.
            NotImplementedHere: the configuration asks for something outside the slice.
        """
        reference, configuration = resource.get("jobReference") or {}, resource["configuration"]
        self.catalog.check_project(str(reference.get("projectId") or self.project))
        job_id = str(reference.get("jobId") or uuid.uuid4())
        if not _JOB_ID.fullmatch(job_id):
            raise ApiError(400, "invalid", f'Invalid job ID "{job_id}".')
        self._check(configuration)
        location = self._location(configuration, reference.get("location"))
        job = self.jobs.add(job_id, location, configuration, upload)
        self.runner.submit(job)
        return job

    def _check(self, configuration: Resource) -> None:
        unknown = {key for key, value in configuration.items() if value} - _CONFIGURATION
        if unknown:
            raise NotImplementedHere(f"jobs with {', '.join(sorted(unknown))}")
        kind = job_type(configuration)
        if kind == "load":
            load.check(configuration["load"])
            if configuration.get("dryRun"):
                raise NotImplementedHere("dryRun of load jobs")
        else:
            raise NotImplementedHere(f"{kind} jobs")

    def _location(self, configuration: Resource, wanted: str | None) -> str:
        """Where the job runs: where its dataset is, which must be where the caller said."""
        ref = self._destination(configuration).ref
        with self.database.reading() as cursor:
            if wanted:
                self.catalog.check_location(cursor, ref.project, ref.dataset, wanted)
            return str(self.catalog.dataset(cursor, ref.project, ref.dataset)["location"])

    def _destination(self, configuration: Resource) -> Destination:
        kind = job_type(configuration)
        default = "WRITE_APPEND" if kind == "load" else "WRITE_EMPTY"
        return Destination.of(self.catalog, configuration[kind], default)

    def _reads(self, job: Resource) -> bool:
        return False

    def _execute(self, cursor: Cursor, job: Resource) -> Resource:
        configuration = job["configuration"]
        config, upload = configuration["load"], self.jobs.upload(job)
        files = [(upload.name, upload)] if upload else self.bucket.files(config["sourceUris"])
        return {"load": load.run(cursor, config, self._destination(configuration), files)}
