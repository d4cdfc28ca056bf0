"""What an object of the lake holds, and what it held before: its generations.

Belongs here: requests that read. Not here: what the lake holds now, and publishing (``bucket.py``).
"""

from pathlib import Path

from pipeline.connections.google import explained, storage_client, storage_limits
from pipeline.core import settings
from pipeline.core.errors import Transient
from pipeline.lake.bucket import SERVICE, LakeObject, as_lake_object


def versions(name: str) -> list[LakeObject]:
    """Return every generation of an object that the bucket keeps, the newest first.

    One listing; without object versioning, that is the object alone, and nothing where none is.

    Raises:
        Transient, Terminal: the service does not answer, or refuses.
    """
    from google.api_core.exceptions import NotFound

    with explained(SERVICE, f"listing the versions of {name}"):
        try:
            bucket = settings.lake().bucket
            blobs = storage_client().list_blobs(
                bucket, prefix=name, versions=True, **storage_limits()
            )
            found = [as_lake_object(blob) for blob in blobs if blob.name == name]
        except NotFound:
            return []
    return sorted(found, key=lambda version: -version.generation)


def fetch(known: LakeObject, path: Path) -> None:
    """Write this very generation of an object to ``path``; its checksum is looked at.

    Raises:
        Transient: the service failed, or sent other bytes.
        Terminal: the bucket does not keep that generation any more.
    """
    from google.cloud.storage.exceptions import DataCorruption

    with explained(SERVICE, f"reading {known.uri}#{known.generation}"):
        bucket = storage_client().bucket(settings.lake().bucket)
        blob = bucket.blob(known.name, generation=known.generation)
        try:
            blob.download_to_filename(str(path), checksum="crc32c", **storage_limits())
        except DataCorruption as error:
            raise Transient(f"{known.uri} arrived with other bytes than the lake has",
                            next_step="run the same command again") from error  # fmt: skip


def read_end(known: LakeObject, size: int) -> bytes:
    """Return the last bytes of this very generation of an object, by one range read.

    Raises:
        Transient: another run replaced it meanwhile, or the service failed.
        Terminal: the service refused.
    """
    from google.api_core.exceptions import NotFound, PreconditionFailed

    if not known.size:
        return b""  # Of nothing, no range can be asked for.
    with explained(SERVICE, f"reading {known.uri}"):
        blob = storage_client().bucket(settings.lake().bucket).blob(known.name)
        begin, exact = max(0, known.size - size), {"if_generation_match": known.generation}
        try:
            end: bytes = blob.download_as_bytes(start=begin, **exact, **storage_limits())
        except (NotFound, PreconditionFailed) as error:
            raise Transient(f"another run replaced {known.uri} meanwhile",
                            next_step="run the same command again") from error  # fmt: skip
    return end
