"""``jobs.query`` and ``jobs.getQueryResults``: queries and their rows.

Belongs here: waiting for a query and answering its rows. Not here: doing it (``query.py``).
"""

import asyncio
import re
from typing import Any, Final

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.catalog import Resource
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.job_api import JobHandler
from pipeline.sandbox.warehouse.results import PAGE_ROWS, Page
from pipeline.sandbox.warehouse.rows_api import PagedHandler

DEFAULT_WAIT_MS: Final = 10_000
STATUSES: Final = {"notFound": 404, "duplicate": 409, "notImplemented": 501}
_OUTSIDE_CONFIGURATION: Final = {"kind", "maxResults", "timeoutMs", "dryRun", "location"} | {
    "formatOptions",
    "requestId",
    "jobCreationMode",
    "labels",
}


class QueryHandler(JobHandler, PagedHandler):
    """A handler that waits for a query and answers its rows."""

    async def answer(self, job: Resource, wait_ms: int, page: Page, kind: str) -> None:
        """Answer the job's rows, or ``jobComplete: false`` where it takes longer than that."""
        done = await self._waited(job, wait_ms)
        body: Resource = {"kind": kind, "jobReference": job["jobReference"]}
        if done["status"]["state"] != "DONE":
            self.respond(body | {"jobComplete": False})
            return
        error = done["status"].get("errorResult")
        if error is not None:
            status = STATUSES.get(error["reason"], 400)
            raise ApiError(status, error["reason"], error["message"])
        rows = await self.run(self._rows, done, page)
        self.respond(body | {"jobComplete": True, "cacheHit": False} | rows)

    async def _waited(self, job: Resource, wait_ms: int) -> Resource:
        future = self.warehouse.runner.future(job)
        if future is not None:
            await asyncio.wait([asyncio.wrap_future(future)], timeout=wait_ms / 1000)
        reference = job["jobReference"]
        return await self.run(self.warehouse.jobs.get, *reference.values())

    def _rows(self, job: Resource, page: Page) -> Resource:
        if "query" not in job["configuration"]:
            raise Invalid(f"Job {job['id']} is not a query")
        told = job["statistics"]["query"]
        kept = ("totalBytesProcessed", "numDmlAffectedRows", "dmlStats", "schema")
        body = {key: told[key] for key in kept if key in told}
        if "schema" not in told:
            return body
        with self.database.snapshot() as cursor:
            relation = self._relation(job)
            return body | page.of(cursor, relation, told["schema"]["fields"])

    def _relation(self, job: Resource) -> str:
        if not job["configuration"]["query"].get("destinationTable"):
            return self.warehouse.results.relation(job)
        return Destination.of(self.catalog, job).ref.relation


class Queries(QueryHandler):
    """``/queries``: a query, done and answered in one request where it is quick."""

    async def post(self, project: str) -> None:
        """Begin the query, wait ``timeoutMs``, answer the first page.

        A repeated ``requestId`` answers the same query again; it is not done twice.
        """
        body = self.json_body()
        options = body.get("formatOptions") or {}
        if set(options) - {"useInt64Timestamp"}:
            raise NotImplementedHere(f"formatOptions {sorted(options)}")
        size = int(body.get("maxResults") or PAGE_ROWS)
        page = Page(0, size, bool(options.get("useInt64Timestamp")))
        job = await self.run(self._begin, project, body)
        if body.get("dryRun"):
            told = job["statistics"]["query"]
            answer = {"kind": "bigquery#queryResponse", "jobComplete": True, "totalRows": "0"}
            self.respond(answer | {"jobReference": job["jobReference"]} | told)
            return
        wait_ms = int(body.get("timeoutMs") or DEFAULT_WAIT_MS)
        await self.answer(job, wait_ms, page, "bigquery#queryResponse")

    def _begin(self, project: str, body: Resource) -> Resource:
        query = {key: body[key] for key in body if key not in _OUTSIDE_CONFIGURATION}
        configuration = {"query": query} | {
            key: body[key] for key in ("labels", "dryRun") if body.get(key)
        }
        reference: dict[str, Any] = {"location": body.get("location")}
        if body.get("requestId"):
            reference["jobId"] = "job_" + re.sub(r"[^\w-]", "_", str(body["requestId"]))
        try:
            return self.warehouse.insert_job(
                project, {"jobReference": reference, "configuration": configuration}
            )
        except ApiError as error:
            if error.api_reason != "duplicate":
                raise
            return self.warehouse.jobs.get(project, reference["jobId"], reference["location"])


class QueryResults(QueryHandler):
    """``/queries/<job>``."""

    async def get(self, project: str, job: str) -> None:
        """Wait ``timeoutMs`` for the query and answer a page of its rows."""
        found = await self.job(project, job)
        wait_ms = self.number("timeoutMs", DEFAULT_WAIT_MS)
        await self.answer(found, wait_ms, self.page(), "bigquery#getQueryResultsResponse")
