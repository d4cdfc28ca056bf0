"""What a connection to Cloud Storage may do in the lake's bucket.

Belongs here: one small object, written, read and deleted. Not here: the lake's own objects, which
this name is not among.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.connections.checks.answer import Answer, ask, temporary_name
from pipeline.connections.google import explained, storage_client, storage_limits
from pipeline.core import settings
from pipeline.core.errors import Terminal

if TYPE_CHECKING:
    from pipeline.connections.kinds import CloudStorage, Sandbox

SERVICE = "Cloud Storage"
CONTENT = b"tlc connections test"


def storage_answers(connection: "CloudStorage | Sandbox") -> Iterator[Answer]:
    """Yield whether the connection may list, write, read and delete objects of the bucket.

    A bucket that a load would first create is stood in for by a temporary one.
    """
    bucket = _Bucket(connection)
    yield (listed := ask("list objects", bucket.list_objects))
    if listed.may and bucket.is_missing:
        yield (listed := ask("create a bucket", bucket.create))
    if not listed.may:
        return
    yield (written := ask("write an object", bucket.write))
    if written.may:
        yield ask("read an object", bucket.read)
        yield ask("delete an object", bucket.delete)
    if bucket.is_missing:
        yield ask("delete a bucket", bucket.delete_bucket)


class _Bucket:
    """The lake's bucket, or a temporary one, and the object that is written into it."""

    def __init__(self, connection: "CloudStorage | Sandbox") -> None:
        self.connection, self.name = connection, settings.lake().bucket
        self.object, self.is_missing = temporary_name(), False

    @property
    def uri(self) -> str:
        return f"gs://{self.name}/{self.object}"

    @property
    def limits(self) -> dict[str, Any]:
        return storage_limits(self.connection)

    def blob(self) -> Any:
        return storage_client(self.connection).bucket(self.name).blob(self.object)

    def list_objects(self) -> str:
        from google.api_core.exceptions import NotFound

        client = storage_client(self.connection)
        with explained(SERVICE, f"listing gs://{self.name}"):
            try:
                found = list(client.list_blobs(self.name, max_results=1, **self.limits))
            except NotFound:
                self.is_missing = True
                return self._missing()
        return f"gs://{self.name} holds {'some' if found else 'none'}"

    def _missing(self) -> str:
        if settings.lake().create_bucket:
            return f"gs://{self.name} is not there yet: the first load creates it"
        raise Terminal(f"there is no bucket gs://{self.name}", next_step="create it, or set "
                       "[lake] bucket or create_bucket")  # fmt: skip

    def create(self) -> str:
        self.name = f"{self.name[:30]}-{self.object[-12:]}"
        client, location = storage_client(self.connection), settings.lake().location
        with explained(SERVICE, f"creating gs://{self.name}"):
            client.create_bucket(self.name, location=location, **self.limits)
        return f"a temporary one in {location}, gs://{self.name}"

    def write(self) -> str:
        with explained(SERVICE, f"writing {self.uri}"):
            self.blob().upload_from_string(CONTENT, if_generation_match=0, **self.limits)
        return self.uri

    def read(self) -> str:
        with explained(SERVICE, f"reading {self.uri}"):
            content = self.blob().download_as_bytes(**self.limits)
        if content != CONTENT:
            raise Terminal(f"{self.uri} holds something else", seen=f"{len(content)} bytes",
                           expected=f"{len(CONTENT)} bytes, as written")  # fmt: skip
        return "what was written"

    def delete(self) -> str:
        with explained(SERVICE, f"deleting {self.uri}, which stays there"):
            self.blob().delete(**self.limits)
        return "nothing is left of it"

    def delete_bucket(self) -> str:
        with explained(SERVICE, f"deleting gs://{self.name}, which stays there"):
            storage_client(self.connection).bucket(self.name).delete(**self.limits)
        return "nothing is left of it"
