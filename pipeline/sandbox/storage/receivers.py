"""What an upload request's body becomes, as it streams in.

Belongs here: the three kinds of body (multipart, the start of a resumable upload, a chunk of one).
Not here: routes and queries (``handlers.py``), parsing (``multipart.py``, ``ranges.py``), and
sessions on disk (``uploads.py``).

Chunks are written to disk as they come, on the loop; what takes longer runs on the pool.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from pipeline.sandbox.http import ApiError, Invalid, json_object
from pipeline.sandbox.storage import checksums, resources
from pipeline.sandbox.storage.base import in_pool
from pipeline.sandbox.storage.errors import Conflict
from pipeline.sandbox.storage.multipart import HEAD_LIMIT, RelatedBody
from pipeline.sandbox.storage.objects import Draft, ObjectStore
from pipeline.sandbox.storage.preconditions import Preconditions, Resource
from pipeline.sandbox.storage.ranges import ChunkRange
from pipeline.sandbox.storage.uploads import Session, Uploads

CHUNK_MULTIPLE: Final = 256 * 1024
CHECKSUM_KEYS: Final = ("crc32c", "md5Hash")


@dataclass(frozen=True)
class Answer:
    """An answer to an upload request; without a body it is empty."""

    status: int
    body: Resource | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Receiver(Protocol):
    """Takes a request's body chunk by chunk and makes the answer."""

    def feed(self, chunk: bytes) -> None:
        """Take a chunk; raise ApiError or OSError to refuse the request once it has been read."""

    async def finish(self) -> Answer:
        """Return the answer, after the last chunk."""

    def leave(self) -> None:
        """Let go of what the request held. Safe to call twice."""


def parse_draft(
    bucket: str, query: Mapping[str, str], body: bytes, content_type: str | None
) -> Draft:
    """Return what an upload's query and JSON metadata describe; raise Invalid."""
    metadata = json_object(body or b"{}")
    properties = resources.settable(metadata, resources.OBJECT_SETTABLE)
    resources.check_metadata(properties.get("metadata"))
    if content_type:
        properties.setdefault("contentType", content_type)
    name = resources.check_object_name(metadata.get("name", query.get("name")))
    sums = {key: metadata[key] for key in CHECKSUM_KEYS if metadata.get(key)}
    return Draft(bucket, name, properties, sums, Preconditions.from_query(query))


class MultipartReceiver:
    """Metadata and content in one body: a whole upload."""

    def __init__(
        self, store: ObjectStore, bucket: str, query: Mapping[str, str], content_type: str
    ) -> None:
        self._store, self._bucket, self._query = store, bucket, query
        self._body = RelatedBody(content_type)
        self._path: Path = store.catalogue.new_file("multipart")
        self._file: BinaryIO = self._path.open("wb", buffering=0)

    def feed(self, chunk: bytes) -> None:
        """Write what is content."""
        self._file.write(self._body.feed(chunk))

    async def finish(self) -> Answer:
        """Publish the object."""
        self._body.check_complete()
        self._file.close()
        draft = parse_draft(
            self._bucket, self._query, self._body.metadata or b"", self._body.content_type
        )
        return Answer(200, await in_pool(self._publish, draft))

    def leave(self) -> None:
        """Delete the bytes, unless they have become an object."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _publish(self, draft: Draft) -> Resource:
        path = self._store.catalogue.new_file(draft.name)
        self._path.replace(path)
        try:
            return self._store.publish(draft, path, checksums.seal(path))
        except ApiError:
            path.unlink()
            raise


class BeginReceiver:
    """The metadata that begins a resumable upload."""

    def __init__(
        self,
        uploads: Uploads,
        bucket: str,
        query: Mapping[str, str],
        content_type: str | None,
        address: str,
    ) -> None:
        self._uploads, self._bucket, self._query = uploads, bucket, query
        self._content_type, self._address = content_type, address
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Keep the metadata; raise Invalid where it is too long for any."""
        self._body += chunk
        if len(self._body) > HEAD_LIMIT:
            raise Invalid("Invalid metadata: longer than 1 MiB")

    async def finish(self) -> Answer:
        """Begin the session and tell its address."""
        draft = parse_draft(self._bucket, self._query, bytes(self._body), self._content_type)
        session = await in_pool(self._uploads.begin, draft)
        location = f"{self._address}?uploadType=resumable&upload_id={session.id}"
        return Answer(200, None, {"Location": location, "X-GUploader-UploadID": session.id})

    def leave(self) -> None:
        """Nothing is held."""


class Turns:
    """Who may write to a session: its newest request, until one has brought the last byte.

    A client that lost a connection sends its chunk again before the server has noticed the loss;
    the lost request must not write behind the new one, nor anyone into a finished object.
    """

    def __init__(self) -> None:
        self._newest: dict[str, object] = {}
        self._closing: dict[str, asyncio.Event] = {}

    async def take(self, session_id: str, request: object) -> None:
        """Make ``request`` the session's only writer, once no other is closing it."""
        while closing := self._closing.get(session_id):
            await closing.wait()
        self._newest[session_id] = request

    def check(self, session_id: str, request: object) -> None:
        """Raise Conflict where a newer request has taken over."""
        if self._newest.get(session_id) is not request:
            raise Conflict("A newer request has taken over this upload session.")

    @contextmanager
    def closing(self, session_id: str) -> Iterator[None]:
        """Let nobody take the session over inside the block."""
        self._closing[session_id] = asyncio.Event()
        try:
            yield
        finally:
            self._closing.pop(session_id).set()

    def leave(self, session_id: str, request: object) -> None:
        """Forget a request that has ended."""
        if self._newest.get(session_id) is request:
            del self._newest[session_id]


class ChunkReceiver:
    """A chunk of a resumable upload, or a question how far it has come."""

    def __init__(
        self, uploads: Uploads, turns: Turns, session_id: str, chunk: ChunkRange, hashes: str
    ) -> None:
        self._uploads, self._turns, self._id = uploads, turns, session_id
        self._chunk, self._hashes = chunk, hashes
        self._file: BinaryIO | None = None
        self._session: Session | None = None

    async def open(self) -> None:
        """Take the session over; raise NotFound, or Invalid where the chunk does not fit."""
        await self._turns.take(self._id, self)
        self._session = await in_pool(self._uploads.get, self._id)
        if self._session.result is None and self._chunk.offsets is not None:
            self._check_fits(self._chunk.offsets, self._session.received)
            self._file = self._session.path.open("r+b", buffering=0)
            self._file.seek(self._chunk.offsets.start)

    def feed(self, chunk: bytes) -> None:
        """Write to disk; bytes that were sent before are written over."""
        if self._file is not None:
            self._turns.check(self._id, self)
            self._file.write(chunk)

    async def finish(self) -> Answer:
        """Return the object where it is whole, otherwise how far it has come."""
        session = self._open_session()
        if session.result is not None:
            return Answer(200, session.result)
        self._turns.check(self._id, self)
        if self._chunk.is_last or self._chunk.total == session.received:
            return Answer(200, await self._complete(session))
        return _incomplete(session.received)

    def leave(self) -> None:
        """Close the file; what has arrived stays."""
        if self._file is not None:
            self._file.close()
        self._turns.leave(self._id, self)

    async def cancel(self) -> Answer:
        """Forget the session."""
        await in_pool(self._uploads.cancel, self._open_session())
        return Answer(499)

    async def _complete(self, session: Session) -> Resource:
        if session.received != self._chunk.total:
            raise Invalid(f"{session.received} bytes arrived of a total of {self._chunk.total}")
        with self._turns.closing(self._id):
            sent = checksums.from_header(self._hashes)
            return await in_pool(self._uploads.complete, session, sent)

    def _open_session(self) -> Session:
        assert self._session is not None
        return self._session

    def _check_fits(self, offsets: range, received: int) -> None:
        if offsets.start > received:
            raise Invalid(
                f"According to the Content-Range header, the upload offset is {offsets.start} "
                f"byte(s), which exceeds already uploaded size of {received} byte(s)."
            )
        if len(offsets) % CHUNK_MULTIPLE and not self._chunk.is_last:
            raise Invalid(f"A chunk other than the last must be a multiple of {CHUNK_MULTIPLE}")


def _incomplete(received: int) -> Answer:
    return Answer(308, None, {"Range": f"bytes=0-{received - 1}"} if received else {})
