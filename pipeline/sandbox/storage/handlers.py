"""The routes of the storage stand-in: from requests to the store and back.

Belongs here: paths, query options, headers and statuses. Not here: what the store does.
"""

from typing import Any, BinaryIO, Final

from pipeline.sandbox.http import ApiError, UnknownRoute
from pipeline.sandbox.storage import checksums, resources
from pipeline.sandbox.storage.base import CONDITIONS, StorageHandler, in_pool
from pipeline.sandbox.storage.listing import ListQuery
from pipeline.sandbox.storage.objects import Draft, ObjectStore
from pipeline.sandbox.storage.preconditions import (
    Preconditions,
    Resource,
    query_names,
    whole_number,
)
from pipeline.sandbox.storage.ranges import byte_range
from pipeline.sandbox.storage.receivers import Turns
from pipeline.sandbox.storage.upload_handler import UploadHandler
from pipeline.sandbox.storage.uploads import Uploads

BLOCK_BYTES: Final = 1 << 20
OBJECT_OPTIONS: Final = CONDITIONS | {"generation"}


class BucketsHandler(StorageHandler):
    """``/b``: insert and list."""

    query_options = {
        "GET": {"project", "prefix"},
        "POST": {"project"},
    }

    async def get(self) -> None:
        """List the buckets, all on one page."""
        self._check_project()
        found = await in_pool(self.store.buckets.all, self.query.get("prefix", ""))
        items = [resources.with_links(bucket, self.host) for bucket in found]
        self.respond({"kind": "storage#buckets"} | ({"items": items} if items else {}))

    async def post(self) -> None:
        """Create a bucket."""
        self._check_project()
        self.respond_resource(await in_pool(self.store.buckets.insert, self.json_body()))

    def _check_project(self) -> None:
        if not self.query.get("project"):
            raise ApiError(400, "required", "Required parameter: project")


class BucketHandler(StorageHandler):
    """``/b/{bucket}``: get, patch and delete."""

    query_options = {method: set(query_names()[2:]) for method in ("GET", "PATCH", "DELETE")}

    async def get(self, bucket: str) -> None:
        """Answer the bucket."""
        self.respond_resource(await in_pool(self.store.buckets.get, bucket, self.conditions))

    async def patch(self, bucket: str) -> None:
        """Change labels or versioning."""
        changes, conditions = self.json_body(), self.conditions
        self.respond_resource(await in_pool(self.store.buckets.patch, bucket, changes, conditions))

    async def delete(self, bucket: str) -> None:
        """Delete an empty bucket."""
        await in_pool(self.store.buckets.delete, bucket, self.conditions)
        self.respond_nothing()


class ObjectsHandler(StorageHandler):
    """``/b/{bucket}/o``: list."""

    query_options = {
        "GET": {"prefix", "delimiter", "startOffset", "endOffset", "versions"}
        | {"maxResults", "pageToken"}
    }

    async def get(self, bucket: str) -> None:
        """Answer a page of objects and groups of objects."""
        page = await in_pool(self.store.list_objects, bucket, ListQuery.from_query(self.query))
        items = [resources.with_links(item, self.host) for item in page.items]
        body = {"items": items, "prefixes": page.prefixes, "nextPageToken": page.next_token}
        answered = {key: value for key, value in body.items() if value}
        self.respond({"kind": "storage#objects", **answered})


class ObjectHandler(StorageHandler):
    """``/b/{bucket}/o/{object}``: get (data or bytes), patch and delete."""

    query_options = {method: OBJECT_OPTIONS for method in ("GET", "PATCH", "DELETE")}

    async def get(self, bucket: str, name: str) -> None:
        """Answer the object's resource, or its bytes with ``alt=media``."""
        place = (bucket, name, self.generation, self.conditions)
        if self.query.get("alt", "json") == "media":
            await self._send_media(*await in_pool(self.store.open, *place))
        else:
            self.respond_resource(await in_pool(self.store.get, *place))

    async def patch(self, bucket: str, name: str) -> None:
        """Change properties and custom metadata."""
        place = (bucket, name, self.generation)
        changes, conditions = self.json_body(), self.conditions
        self.respond_resource(await in_pool(self.store.patch, *place, changes, conditions))

    async def delete(self, bucket: str, name: str) -> None:
        """Delete the object, or one generation of it."""
        await in_pool(self.store.delete, bucket, name, self.generation, self.conditions)
        self.respond_nothing()

    async def _send_media(self, resource: Resource, file: BinaryIO) -> None:
        with file:
            size = int(resource["size"])
            part = byte_range(self.request.headers.get("Range"), size)
            offsets = range(size) if part is None else part
            self._set_media_headers(resource, len(offsets))
            if part is not None:
                self.set_status(206)
                self.set_header("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
            file.seek(offsets.start)
            for start in range(0, len(offsets), BLOCK_BYTES):
                self.write(file.read(min(BLOCK_BYTES, len(offsets) - start)))
                await self.flush()

    def _set_media_headers(self, resource: Resource, length: int) -> None:
        self.set_header("Content-Type", resource["contentType"])
        self.set_header("Content-Length", length)
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", f'"{resource["etag"]}"')
        self.set_header("X-Goog-Hash", checksums.to_header(resource))
        self.set_header("X-Goog-Generation", resource["generation"])
        self.set_header("X-Goog-Metageneration", resource["metageneration"])
        self.set_header("X-Goog-Storage-Class", resource["storageClass"])
        self.set_header("X-Goog-Stored-Content-Encoding", "identity")
        self.set_header("X-Goog-Stored-Content-Length", resource["size"])


class CopyHandler(StorageHandler):
    """``copyTo`` and ``rewriteTo``, each in one step whatever the size."""

    query_options = {"POST": CONDITIONS | {*query_names(of="Source")} | {"sourceGeneration"}}

    async def post(self, bucket: str, name: str, verb: str, to_bucket: str, to_name: str) -> None:
        """Copy one object."""
        generation = whole_number(self.query, "sourceGeneration")
        source = {"bucket": bucket, "name": name, "generation": generation}
        properties = resources.settable(self.json_body(), resources.OBJECT_SETTABLE)
        resources.check_metadata(properties.get("metadata"))
        target = resources.check_object_name(to_name)
        draft = Draft(to_bucket, target, properties, {}, self.conditions)
        conditions = Preconditions.from_query(self.query, of="Source")
        made = await in_pool(self.store.copy, source, draft, conditions)
        if verb == "copyTo":
            self.respond_resource(made)
        else:
            self.respond(_rewritten(resources.with_links(made, self.host)))


def _rewritten(resource: Resource) -> Resource:
    sizes = dict.fromkeys(("totalBytesRewritten", "objectSize"), resource["size"])
    return {"kind": "storage#rewriteResponse", **sizes, "done": True, "resource": resource}


def routes(store: ObjectStore) -> list[tuple[Any, ...]]:
    """Return the tornado routes of the stand-in over ``store``."""
    given = {"store": store}
    bucket, one = "/storage/v1/b/([^/]+)", "/storage/v1/b/([^/]+)/o/([^/]+)"
    uploading = {**given, "uploads": Uploads(store), "turns": Turns()}
    return [
        ("/storage/v1/b", BucketsHandler, given),
        (bucket, BucketHandler, given),
        (f"{bucket}/o", ObjectsHandler, given),
        (f"(?:/download)?{one}", ObjectHandler, given),
        (f"{one}/(copyTo|rewriteTo)/b/([^/]+)/o/([^/]+)", CopyHandler, given),
        (f"/upload{bucket}/o", UploadHandler, uploading),
        ("/(?:upload/|download/|batch/)?storage/.*", UnknownRoute),
    ]
