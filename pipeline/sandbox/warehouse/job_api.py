"""``jobs``: insert, list, get, cancel, delete.

Belongs here: jobs over HTTP. Not here: queries' results (``query_api.py``), uploads.
"""

from pipeline.sandbox.http import Invalid
from pipeline.sandbox.warehouse.api import WarehouseHandler
from pipeline.sandbox.warehouse.catalog import Resource

STATES = {"pending": "PENDING", "running": "RUNNING", "done": "DONE"}


class Jobs(WarehouseHandler):
    """``/jobs``."""

    async def post(self, project: str) -> None:
        """Remember the job, begin it, answer it: PENDING, whatever becomes of it."""
        body = self.json_body()
        self.respond(await self.run(self.warehouse.insert_job, project, body))

    async def get(self, project: str) -> None:
        """List jobs, newest first."""
        states = self._states()
        created = (self.number("minCreationTime", 0), self.number("maxCreationTime", 2**62))
        offset, size = self.offset(), self.number("maxResults", 50, most=1000)
        jobs = await self.run(self.warehouse.jobs.page, project, states, created, offset, size + 1)
        rest = {"nextPageToken": str(offset + size)} if len(jobs) > size else {}
        listed = [_listed(job) for job in jobs[:size]]
        self.respond({"kind": "bigquery#jobList", "jobs": listed} | rest)

    def _states(self) -> list[str]:
        wanted = [state.casefold() for state in self.get_query_arguments("stateFilter")]
        if not set(wanted) <= STATES.keys():
            raise Invalid(f"Invalid value for stateFilter: {wanted}")
        return [STATES[state] for state in wanted]


class JobHandler(WarehouseHandler):
    """A handler about one job, which is found in its own location only."""

    async def job(self, project: str, job: str) -> Resource:
        """Return the job that the path and ``?location=`` name; raise 404."""
        location = self.get_query_argument("location", None)
        return await self.run(self.warehouse.jobs.get, project, job, location)


class Job(JobHandler):
    """``/jobs/<job>``."""

    async def get(self, project: str, job: str) -> None:
        """Answer the job as it is now."""
        self.respond(await self.job(project, job))


class CancelJob(JobHandler):
    """``/jobs/<job>/cancel``."""

    async def post(self, project: str, job: str) -> None:
        """Ask for the job's end and answer at once."""
        found = await self.job(project, job)
        self.warehouse.runner.cancel(found)
        self.respond({"kind": "bigquery#jobCancelResponse", "job": found})


class DeleteJob(JobHandler):
    """``/jobs/<job>/delete``."""

    async def delete(self, project: str, job: str) -> None:
        """Forget a job that is DONE."""
        found = await self.job(project, job)
        if found["status"]["state"] != "DONE":
            raise Invalid(f"Cannot delete job {found['id']}: it is not done")
        await self.run(self.warehouse.jobs.forget, found)
        self.set_status(204)


def _listed(job: Resource) -> Resource:
    error = job["status"].get("errorResult")
    return job | {"state": job["status"]["state"]} | ({"errorResult": error} if error else {})
