"""The bucket: one listing of all that is in the lake, and the publishing of one object.

Belongs here: the requests that a load needs of Cloud Storage. Not here: which objects a month has,
and their order (``upload.py``), reading what an object holds or held (``generations.py``).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pipeline.connections.google import (
    endpoint,
    explained,
    storage_client,
    storage_connection,
    storage_limits,
)
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.core.provenance import Provenance
from pipeline.core.publications import Publication

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

SERVICE: Final = "Cloud Storage"
CHUNK: Final = 8 * 1024 * 1024
FIRST_NAME: Final = "quarantine/"
AFTER_LAST_NAME: Final = "zones0"
"""``quarantine/``, ``trips/`` and ``zones/`` are between these: one listing has them all."""

Progress = Callable[[int], None]
"""Told the bytes that are sent."""


@dataclass(frozen=True)
class LakeObject:
    """One object of the lake.

    ``size`` is in bytes, ``crc32c`` as Cloud Storage writes it (base64); ``provenance`` is None
    where the object is not ours.
    """

    name: str
    generation: int
    size: int
    crc32c: str
    provenance: Provenance | None

    @property
    def uri(self) -> str:
        """``gs://bucket/name``."""
        return f"gs://{settings.lake().bucket}/{self.name}"

    @property
    def link(self) -> str:
        """Where a person can look at the object: Google's console, or the sandbox's answer."""
        url, bucket = endpoint(storage_connection()), settings.lake().bucket
        if url is None:
            return f"https://console.cloud.google.com/storage/browser/_details/{bucket}/{self.name}"
        return f"{url}/storage/v1/b/{bucket}/o/{self.name.replace('/', '%2F')}"


def find(publication: Publication) -> LakeObject | None:
    """Return its object as one listing of the lake, remembered for the process, has it."""
    return objects().get(publication.object_name)


def objects() -> dict[str, LakeObject]:
    """Return all objects of the lake by name; empty where the bucket is yet to be created.

    Raises:
        Terminal: there is no such bucket and [lake] create_bucket is off, or no right to list it.
        Transient: the service does not answer.
    """
    return _objects(os.getpid())


def is_current(known: LakeObject) -> bool:
    """Return whether the bucket still holds this very generation, as the service says now."""
    with explained(SERVICE, f"asking for {known.uri}"):
        bucket = storage_client().bucket(settings.lake().bucket)
        blob = bucket.get_blob(known.name, **storage_limits())
    return blob is not None and int(blob.generation) == known.generation


def forget() -> None:
    """Forget the listing, after a write."""
    _objects.cache_clear()


def publish(
    name: str,
    path: Path,
    provenance: Provenance,
    over: LakeObject | None,
    progress: Progress,
    *,
    anew: bool = False,
) -> LakeObject:
    """Publish ``path`` as the object ``name``, whole, and return it.

    The object replaces exactly ``over``, or none where that is None. Safe to call again: the same
    content of the same origin found there is taken as done, unless ``anew``.

    Raises:
        Transient: another run published something else meanwhile, or the service failed.
        Terminal: the service received other bytes than the checksum's, or cannot be written.
    """
    checksum = crc32c(path)
    wanted = (checksum, provenance)
    is_sent = over is not None and (over.crc32c, over.provenance) == wanted
    if over and is_sent and not anew and is_current(over):
        return over
    with explained(SERVICE, f"uploading {name}"):
        blob = _bucket().blob(name, chunk_size=CHUNK)
        # Told beforehand, the checksum keeps the service from publishing anything else.
        blob.metadata, blob.crc32c = provenance.to_metadata(), checksum
        try:
            _send(blob, path, over, progress)
        finally:
            forget()
    published = as_lake_object(blob)
    if (published.crc32c, published.provenance) != wanted:
        raise Transient(
            f"the lake's object {name} is not the file that was sent",
            seen=f"crc32c {published.crc32c}",
            expected=f"{checksum}, from {provenance.source_url} with ETag {provenance.source_etag}",
            next_step="run the same command again",
        )
    return published


def remove(known: LakeObject) -> None:
    """Delete this very generation of an object. Safe to call again: what is gone stays so.

    Raises:
        Transient: another run published something else there meanwhile, or the service failed.
    """
    from google.api_core.exceptions import NotFound, PreconditionFailed

    with explained(SERVICE, f"deleting {known.uri}"):
        blob = storage_client().bucket(settings.lake().bucket).blob(known.name)
        try:
            blob.delete(if_generation_match=known.generation, **storage_limits())
        except NotFound:
            pass
        except PreconditionFailed as error:
            raise Transient(
                f"another run replaced {known.uri} meanwhile",
                next_step="run the same command again",
            ) from error
        finally:
            forget()


def _send(blob: "Blob", path: Path, over: LakeObject | None, progress: Progress) -> None:
    from google.api_core.exceptions import PreconditionFailed

    with path.open("rb") as file:
        try:
            blob.upload_from_file(
                _Watched(file, progress),
                size=path.stat().st_size,
                content_type="application/vnd.apache.parquet",
                if_generation_match=over.generation if over else 0,
                checksum=None,
                **storage_limits(),
            )
        except PreconditionFailed:
            # Another run was faster, or our own first answer was lost: the checksum decides.
            blob.reload(**storage_limits())


class _Watched:
    """A file that tells how far it has been read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress = file, progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(self._file.tell())
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@cache
def _objects(pid: int) -> dict[str, LakeObject]:
    from google.api_core.exceptions import NotFound

    config = settings.lake()
    ours = {"start_offset": FIRST_NAME, "end_offset": AFTER_LAST_NAME}
    with explained(SERVICE, f"listing gs://{config.bucket}"):
        try:
            blobs = storage_client().list_blobs(config.bucket, **ours, **storage_limits())
            return {blob.name: as_lake_object(blob) for blob in blobs}
        except NotFound:
            if config.create_bucket:
                return {}
            raise Terminal(
                f"there is no bucket gs://{config.bucket}",
                expected="an existing bucket, because [lake] create_bucket is off",
                next_step="create it, or set [lake] bucket or create_bucket",
            ) from None


def _bucket() -> "Bucket":
    from google.api_core.exceptions import Conflict

    config, client = settings.lake(), storage_client()
    if not config.create_bucket or client.lookup_bucket(config.bucket, **storage_limits()):
        return client.bucket(config.bucket)
    wanted = client.bucket(config.bucket)
    # A month that is replaced stays readable as it was: what has changed can be told.
    wanted.versioning_enabled = True
    try:
        return client.create_bucket(wanted, location=config.location, **storage_limits())
    except Conflict:
        return client.bucket(config.bucket)


def as_lake_object(blob: "Blob") -> LakeObject:
    """Return what the service told of an object."""
    provenance = Provenance.from_metadata(blob.metadata or {})
    return LakeObject(blob.name, int(blob.generation), int(blob.size), blob.crc32c, provenance)


def crc32c(path: Path) -> str:
    """Return a file's checksum as Cloud Storage writes it."""
    import base64

    import google_crc32c

    checksum = google_crc32c.Checksum()
    with path.open("rb") as file:
        for _ in checksum.consume(file, CHUNK):
            pass
    return base64.b64encode(checksum.digest()).decode("ascii")
