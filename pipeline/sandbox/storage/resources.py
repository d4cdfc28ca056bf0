"""Bucket and object resources: their JSON form, the rules for names, and what may be set.

Belongs here: pure functions from properties to resources. Not here: where resources are kept.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.storage.checksums import Contents
from pipeline.sandbox.storage.preconditions import Resource

METADATA_LIMIT: Final = 8 * 1024
"""Bytes of all keys and values of an object's custom metadata together."""

MULTI_REGIONS: Final = ("ASIA", "EU", "US")
STORAGE_CLASSES: Final = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
BUCKET_CHANGEABLE: Final = frozenset({"iamConfiguration", "labels", "storageClass", "versioning"})
BUCKET_SETTABLE: Final = BUCKET_CHANGEABLE | {"location"}
OBJECT_SETTABLE: Final = frozenset(
    {"cacheControl", "contentDisposition", "contentLanguage", "contentType", "metadata"}
    | {"storageClass"}
)
OBJECTS: Final = frozenset({"iamConfiguration", "labels", "metadata", "versioning"})
"""Properties that are JSON objects; the others are text."""
ASSIGNED: Final = frozenset(
    {"kind", "id", "name", "bucket", "selfLink", "mediaLink", "generation", "metageneration"}
    | {"etag", "size", "md5Hash", "crc32c", "timeCreated", "updated", "timeStorageClassUpdated"}
    | {"projectNumber", "locationType", "timeFinalized"}
)
"""Properties that Cloud Storage assigns: it ignores them in a request body."""

_BUCKET_NAME = re.compile(r"(?!goog)[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){1,61}[a-z0-9]")


def settable(properties: Mapping[str, Any], allowed: Iterable[str]) -> Resource:
    """Return what a request sets; raise 501 where it sets what the sandbox does not implement."""
    chosen = {key: value for key, value in properties.items() if key not in ASSIGNED}
    for key in sorted(chosen.keys() - set(allowed)):
        raise NotImplementedHere(f"the property {key!r}")
    for key, value in chosen.items():
        if value is not None and not isinstance(value, dict if key in OBJECTS else str):
            raise Invalid(f"Invalid argument: {key} cannot be {value!r:.100}")
    if chosen.get("storageClass", "STANDARD") not in STORAGE_CLASSES:
        raise Invalid(f"Invalid argument: storage class {chosen['storageClass']!r}")
    return chosen


def check_bucket_name(name: object) -> str:
    """Return the name; raise Invalid where it breaks Cloud Storage's rules."""
    if not isinstance(name, str) or not _BUCKET_NAME.fullmatch(name):
        raise Invalid(f"Invalid bucket name: {name!r}")
    return name


def check_object_name(name: object) -> str:
    """Return the name; raise Invalid where it breaks Cloud Storage's rules."""
    if not isinstance(name, str) or not 1 <= len(name.encode(errors="replace")) <= 1024:
        raise Invalid("Invalid argument: an object's name is 1 to 1024 bytes of UTF-8")
    if name in (".", "..") or "\r" in name or "\n" in name:
        raise Invalid(f"Invalid argument: object name {name!r}")
    return name


def new_bucket(name: str, properties: Resource) -> Resource:
    """Return the resource of a new bucket."""
    location = str(properties.get("location", "US")).upper()
    now = timestamp()
    resource = {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": "0",
        "metageneration": "1",
        "storageClass": "STANDARD",
        "timeCreated": now,
        "updated": now,
        **properties,
        "location": location,
        "locationType": "multi-region" if location in MULTI_REGIONS else "region",
    }
    return {**resource, "etag": _etag(resource)}


def new_object(
    bucket: str, name: str, generation: int, contents: Contents, properties: Resource
) -> Resource:
    """Return the resource of a new generation of an object."""
    now = timestamp()
    resource = {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "name": name,
        "bucket": bucket,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "size": str(contents.size),
        "md5Hash": contents.md5Hash,
        "crc32c": contents.crc32c,
        **dict.fromkeys(("timeCreated", "updated", "timeStorageClassUpdated"), now),
        "timeFinalized": now,
        **_without_nulls(properties),
    }
    check_metadata(resource.get("metadata"))
    return {**resource, "etag": _etag(resource)}


def patched(resource: Resource, changes: Resource) -> Resource:
    """Return the resource after a PATCH: null deletes, labels and metadata are merged by key."""
    merged = dict(resource)
    for key, value in changes.items():
        old = merged.get(key)
        merging = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = {**old, **value} if merging else value  # type: ignore[dict-item]
    merged = _without_nulls(merged)
    check_metadata(merged.get("metadata"))
    merged["metageneration"] = str(int(resource["metageneration"]) + 1)
    merged["updated"] = timestamp()
    return {**merged, "etag": _etag(merged)}


def check_metadata(metadata: object) -> None:
    """Raise Invalid where custom metadata is no text pairs or exceeds 8 KiB."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise Invalid("Invalid argument: custom metadata must be an object of strings")
    size = sum(len(f"{key}{value}".encode()) for key, value in metadata.items())
    if size > METADATA_LIMIT:
        raise Invalid(f"Custom metadata of {size} bytes exceeds the limit of {METADATA_LIMIT}.")


def with_links(resource: Resource, host: str) -> Resource:
    """Return the resource with the links that hold for the address it was asked at."""
    if resource["kind"] == "storage#bucket":
        return {**resource, "selfLink": f"{host}/storage/v1/b/{resource['name']}"}
    path = f"storage/v1/b/{resource['bucket']}/o/{quote(resource['name'], safe='')}"
    media = f"{host}/download/{path}?generation={resource['generation']}&alt=media"
    return {**resource, "selfLink": f"{host}/{path}", "mediaLink": media}


def timestamp() -> str:
    """Return the present as Cloud Storage writes it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _etag(resource: Resource) -> str:
    return f"{resource.get('generation', 'b')}-{resource['metageneration']}"


def _without_nulls(resource: Resource) -> Resource:
    return {
        key: _without_nulls(value) if isinstance(value, dict) else value
        for key, value in resource.items()
        if value is not None
    }
