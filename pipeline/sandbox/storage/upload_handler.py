"""The route that takes uploads, whose bodies are streamed to disk.

Belongs here: choosing a receiver for a request and answering for it. Not here: what a body becomes
(``receivers.py``).
"""

from typing import Any, Final, cast

from tornado.web import stream_request_body

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.storage.base import CONDITIONS, StorageHandler
from pipeline.sandbox.storage.objects import ObjectStore
from pipeline.sandbox.storage.ranges import ChunkRange
from pipeline.sandbox.storage.receivers import (
    Answer,
    BeginReceiver,
    ChunkReceiver,
    MultipartReceiver,
    Receiver,
    Turns,
)
from pipeline.sandbox.storage.uploads import Uploads

MAX_OBJECT_BYTES: Final = 5 << 40


@stream_request_body
class UploadHandler(StorageHandler):
    """``/upload/.../o``: multipart uploads, and resumable ones from begin to end."""

    query_options = dict.fromkeys(
        ("POST", "PUT", "DELETE"), CONDITIONS | {"uploadType", "name", "upload_id"}
    )

    def initialize(self, store: ObjectStore, uploads: Uploads, turns: Turns) -> None:  # type: ignore[override]
        """Take the store and the sessions."""
        super().initialize(store)
        self.uploads, self.turns = uploads, turns
        self.receiver: Receiver | None = None
        self.failure: ApiError | None = None

    async def prepare(self) -> None:
        """Choose what the body becomes."""
        super().prepare()
        cast(Any, self.request.connection).set_max_body_size(MAX_OBJECT_BYTES)
        self.receiver = await self._choose(self.path_args[0])

    def data_received(self, chunk: bytes) -> None:
        """Pass the body on; a refusal is answered when all of it has been read."""
        if self.failure is None and self.receiver is not None:
            try:
                self.receiver.feed(chunk)
            except ApiError as error:
                self.failure = error
            except OSError as error:
                self.failure = _disk_error(error)

    async def post(self, bucket: str) -> None:
        """Answer what came of the upload."""
        try:
            answer = await self._received()
        finally:
            # Before the answer is out: who has it may look for what is left.
            self.on_finish()
        self._answer(answer)

    put = post

    async def delete(self, bucket: str) -> None:
        """Cancel a resumable upload."""
        if not isinstance(self.receiver, ChunkReceiver):
            raise Invalid("DELETE without upload_id")
        self._answer(await self.receiver.cancel())

    def on_finish(self) -> None:
        """Let go."""
        if self.receiver is not None:
            self.receiver.leave()

    def on_connection_close(self) -> None:
        """Let go of an upload that was broken off."""
        super().on_connection_close()
        self.on_finish()

    async def _received(self) -> Answer:
        if self.failure is not None:
            raise self.failure
        assert self.receiver is not None
        try:
            return await self.receiver.finish()
        except OSError as error:
            raise _disk_error(error) from error

    def _answer(self, answer: Answer) -> None:
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if answer.body is not None:
            self.respond_resource(answer.body)
            return
        self.set_status(answer.status)
        self.finish()

    async def _choose(self, bucket: str) -> Receiver:
        query, headers = self.query, self.request.headers
        if "upload_id" in query:
            return await self._choose_session(query["upload_id"])
        kind = query.get("uploadType")
        if kind == "multipart":
            return MultipartReceiver(self.store, bucket, query, headers.get("Content-Type", ""))
        if kind == "resumable":
            address = self.host + self.request.path
            content_type = headers.get("X-Upload-Content-Type")
            return BeginReceiver(self.uploads, bucket, query, content_type, address)
        raise NotImplementedHere(f"uploadType={kind}")

    async def _choose_session(self, session_id: str) -> Receiver:
        headers = self.request.headers
        asked = "bytes */*" if self.request.method == "DELETE" else headers.get("Content-Range")
        chunk = ChunkRange.from_header(asked, int(headers.get("Content-Length", "0")))
        hashes = headers.get("X-Goog-Hash", "")
        receiver = ChunkReceiver(self.uploads, self.turns, session_id, chunk, hashes)
        self.receiver = receiver
        await receiver.open()
        return receiver


def _disk_error(error: OSError) -> ApiError:
    # Not among the statuses that clients retry: a full disk stays full.
    return ApiError(507, "insufficientStorage", f"cannot write: {error}")
