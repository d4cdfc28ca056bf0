"""Uploads that are load jobs: multipart in one request, resumable in several.

Belongs here: ``/upload/bigquery/v2/projects/<project>/jobs``. Not here: the files (``uploads.py``).
"""

from typing import BinaryIO

from tornado.web import stream_request_body

from pipeline.sandbox.http import Invalid, NotImplementedHere, json_object
from pipeline.sandbox.storage.multipart import RelatedBody
from pipeline.sandbox.storage.ranges import ChunkRange
from pipeline.sandbox.warehouse import shapes
from pipeline.sandbox.warehouse.api import WarehouseHandler
from pipeline.sandbox.warehouse.catalog import Resource
from pipeline.sandbox.warehouse.uploads import Upload


@stream_request_body
class JobUpload(WarehouseHandler):
    """A load job with its file: the first request of an upload is POST, its chunks are PUT."""

    def prepare(self) -> None:
        """Find out what the body will be, before it comes."""
        self._file: BinaryIO | None = None
        self._body = bytearray()
        if self.request.method != "PUT":
            return
        self._name = self.get_query_argument("upload_id")
        self._upload: Upload = self.warehouse.uploads.get(self._name)
        length = int(self.request.headers.get("Content-Length", "0"))
        self._chunk = ChunkRange.from_header(self.request.headers.get("Content-Range"), length)
        if self._chunk.offsets is not None:
            self._file = self._upload.open_at(self._chunk.offsets.start)

    def data_received(self, chunk: bytes) -> None:
        """Write a chunk's bytes to disk; a POST's body is small and kept."""
        if self._file is not None:
            self._file.write(chunk)
        elif self.request.method == "POST":
            self._body += chunk

    async def post(self, project: str) -> None:
        """Take a whole job (multipart), or begin one (resumable)."""
        kind = self.get_query_argument("uploadType", "")
        if kind == "resumable":
            self._begin(_job(bytes(self._body)))
        elif kind == "multipart":
            await self._take_whole(project)
        else:
            raise NotImplementedHere(f"uploadType {kind}")

    async def put(self, project: str) -> None:
        """Take a chunk: 308 with what has arrived, or the job once all has."""
        self.on_connection_close()
        received = self._upload.received
        if self._chunk.is_last or self._chunk.total == received:
            await self._insert(project, self._name)
            return
        self.set_status(308)
        if received:
            self.set_header("Range", f"bytes=0-{received - 1}")

    def on_connection_close(self) -> None:
        """Let go of the file; what has arrived stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, job: Resource) -> None:
        name = self.warehouse.uploads.begin(job)
        address = f"{self.request.protocol}://{self.request.host}{self.request.path}"
        self.set_header("Location", f"{address}?uploadType=resumable&upload_id={name}")

    async def _take_whole(self, project: str) -> None:
        related = RelatedBody(self.request.headers.get("Content-Type", ""))
        content = related.feed(bytes(self._body))
        related.check_complete()
        name = self.warehouse.uploads.begin(_job(related.metadata or b""))
        self.warehouse.uploads.get(name).path.write_bytes(content)
        await self._insert(project, name)

    async def _insert(self, project: str, name: str) -> None:
        upload = self.warehouse.uploads.get(name)
        path = await self.run(upload.seal)
        job = await self.run(self.warehouse.insert_job, project, upload.job, path)
        self.warehouse.uploads.end(name)
        self.respond(job)


def _job(body: bytes) -> Resource:
    job = json_object(body)
    shapes.check(job)
    if "load" not in (job.get("configuration") or {}):
        raise Invalid("An upload must be a load job")
    return job
