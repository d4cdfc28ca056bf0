"""The bucket: one listing of all months, and the upload of one.

Belongs here: every request to Cloud Storage. Not here: what a month's file holds.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pipeline.connections.google import endpoint, explained, storage_client, storage_limits
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

SERVICE: Final = "Cloud Storage"
CHUNK: Final = 8 * 1024 * 1024
PREFIX: Final = "trips/"


@dataclass(frozen=True)
class LakeObject:
    """One month's object: ``size`` in bytes, ``crc32c`` as Cloud Storage writes it (base64)."""

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
        url, bucket = endpoint(), settings.lake().bucket
        if url is None:
            return f"https://console.cloud.google.com/storage/browser/_details/{bucket}/{self.name}"
        return f"{url}/storage/v1/b/{bucket}/o/{self.name.replace('/', '%2F')}"


def find(month: TripMonth) -> LakeObject | None:
    """Return the month's object as one listing of the lake, remembered for the process, has it."""
    return objects().get(month.object_name)


def objects() -> dict[str, LakeObject]:
    """Return all months' objects by name; empty where the bucket is yet to be created.

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


def upload(
    month: TripMonth, path: Path, provenance: Provenance, progress: Callable[[int], None]
) -> LakeObject:
    """Publish ``path`` as the month's object, whole, and return it; ``progress`` gets bytes sent.

    The object replaces exactly the generation that the listing showed, or none. Safe to call
    again: the same content found there is taken as done.

    Raises:
        Transient: another run published something else meanwhile, or the service failed.
        Terminal: the service received other bytes than the checksum's, or cannot be written.
    """
    checksum = _crc32c(path)
    with explained(SERVICE, f"uploading {month}"):
        blob = _bucket().blob(month.object_name, chunk_size=CHUNK)
        # Told beforehand, the checksum keeps the service from publishing anything else.
        blob.metadata, blob.crc32c = provenance.to_metadata(), checksum
        try:
            _send(blob, path, find(month), progress)
        finally:
            forget()
    if blob.crc32c != checksum:
        raise Transient(
            f"{month}: the lake's object is not the file that was sent",
            seen=f"crc32c {blob.crc32c}",
            expected=checksum,
            next_step="run the same command again",
        )
    return _as_lake_object(blob)


def _send(
    blob: "Blob", path: Path, known: LakeObject | None, progress: Callable[[int], None]
) -> None:
    from google.api_core.exceptions import PreconditionFailed

    generation = known.generation if known else 0
    with path.open("rb") as file:
        try:
            blob.upload_from_file(
                _Watched(file, progress),
                size=path.stat().st_size,
                content_type="application/vnd.apache.parquet",
                if_generation_match=generation,
                checksum=None,
                **storage_limits(),
            )
        except PreconditionFailed:
            # Another run was faster, or our own first answer was lost: the checksum decides.
            blob.reload(**storage_limits())


class _Watched:
    """A file that tells how far it has been read."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
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
    with explained(SERVICE, f"listing gs://{config.bucket}/{PREFIX}"):
        try:
            blobs = storage_client().list_blobs(config.bucket, prefix=PREFIX, **storage_limits())
            return {blob.name: _as_lake_object(blob) for blob in blobs}
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
    try:
        return client.create_bucket(config.bucket, location=config.location, **storage_limits())
    except Conflict:
        return client.bucket(config.bucket)


def _as_lake_object(blob: "Blob") -> LakeObject:
    provenance = Provenance.from_metadata(blob.metadata or {})
    return LakeObject(blob.name, int(blob.generation), int(blob.size), blob.crc32c, provenance)


def _crc32c(path: Path) -> str:
    import base64

    import google_crc32c

    checksum = google_crc32c.Checksum()
    with path.open("rb") as file:
        for _ in checksum.consume(file, CHUNK):
            pass
    return base64.b64encode(checksum.digest()).decode("ascii")
