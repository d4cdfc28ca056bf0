"""The store: objects with generations in the catalogue, and the files that hold their bytes.

Belongs here: publishing, reading, listing, changing, copying and deleting objects; each method is
one atomic, durable step, and safe in any thread. Not here: HTTP (``handlers.py``), unfinished
uploads (``uploads.py``).
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipeline.sandbox.storage import resources
from pipeline.sandbox.storage.buckets import Buckets
from pipeline.sandbox.storage.catalogue import Catalogue
from pipeline.sandbox.storage.checksums import Contents
from pipeline.sandbox.storage.errors import NotFound
from pipeline.sandbox.storage.listing import ListQuery, Page, page
from pipeline.sandbox.storage.preconditions import NO_PRECONDITIONS, Preconditions, Resource


@dataclass(frozen=True)
class Draft:
    """An object to be: its place, what is set on it, and what must hold when it is published."""

    bucket: str
    name: str
    properties: Resource = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    preconditions: Preconditions = NO_PRECONDITIONS


class Version(NamedTuple):
    """One generation of an object: the name of its file, whether it is the live one, its data."""

    file: str
    live: bool
    resource: Resource


class ObjectStore:
    """Buckets and objects kept below ``root``, which one process at a time may open.

    Raises:
        Terminal: another process has it open.
    """

    def __init__(self, root: Path) -> None:
        self.catalogue = Catalogue(root)
        self.buckets = Buckets(self.catalogue)

    def close(self) -> None:
        """Close the store. Safe to call twice."""
        self.catalogue.close()

    def publish(self, draft: Draft, file: Path, contents: Contents) -> Resource:
        """Make a sealed file the live object; the file belongs to the store from then on.

        Raises NotFound (the bucket), PreconditionFailed or Invalid; the file is then the caller's.
        """
        contents.verify(draft.checksums)
        with self.catalogue.transaction() as db:
            self.check_draft(draft)
            self._retire(draft.bucket, draft.name)
            generation = self.catalogue.new_generation()
            resource = resources.new_object(
                draft.bucket, draft.name, generation, contents, draft.properties
            )
            kept = self.catalogue.keep(file)
            row = [draft.bucket, draft.name, generation, 1, kept, json.dumps(resource)]
            db.execute("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?)", row)
        return resource

    def check_draft(self, draft: Draft) -> None:
        """Raise NotFound or PreconditionFailed where the draft could not be published now."""
        self.buckets.get(draft.bucket)
        current = self._find(draft.bucket, draft.name)
        draft.preconditions.check(current.resource if current else None)

    def get(
        self,
        bucket: str,
        name: str,
        generation: int | None = None,
        preconditions: Preconditions = NO_PRECONDITIONS,
    ) -> Resource:
        """Return an object; raise NotFound, PreconditionFailed or NotModified."""
        resource = self._version(bucket, name, generation).resource
        preconditions.check(resource, reading=True)
        return resource

    def open(
        self, bucket: str, name: str, generation: int | None, preconditions: Preconditions
    ) -> tuple[Resource, BinaryIO]:
        """Return an object and its bytes, which stay readable when it is replaced or deleted."""
        with self.catalogue.transaction():
            version = self._version(bucket, name, generation)
            preconditions.check(version.resource, reading=True)
            return version.resource, self.catalogue.path(version.file).open("rb")

    def path_of(self, bucket: str, name: str, generation: int | None = None) -> Path:
        """Return the file that holds an object's bytes; raise NotFound, which is a LookupError.

        The file goes when the object is replaced or deleted; who has opened it can read on.
        """
        return self.catalogue.path(self._version(bucket, name, generation).file)

    def list_objects(self, bucket: str, query: ListQuery) -> Page:
        """Return one page of a bucket's objects; raise NotFound."""
        with self.catalogue.transaction():
            return page(self._rows(bucket, query), query)

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the names of all live objects that begin with ``prefix``, in order."""
        with self.catalogue.transaction():
            rows = self._rows(bucket, ListQuery(prefix=prefix))
            return [name for name, _, _ in rows if name.startswith(prefix)]

    def patch(
        self,
        bucket: str,
        name: str,
        generation: int | None,
        changes: Resource,
        preconditions: Preconditions,
    ) -> Resource:
        """Change an object's properties and return it; raise NotFound or PreconditionFailed."""
        chosen = resources.settable(changes, resources.OBJECT_SETTABLE)
        with self.catalogue.transaction() as db:
            resource = self._version(bucket, name, generation).resource
            preconditions.check(resource)
            changed = resources.patched(resource, chosen)
            db.execute(
                "UPDATE objects SET resource = ? WHERE bucket = ? AND name = ? AND generation = ?",
                [json.dumps(changed), bucket, name, int(resource["generation"])],
            )
        return changed

    def delete(
        self, bucket: str, name: str, generation: int | None, preconditions: Preconditions
    ) -> None:
        """Delete an object, or exactly the named generation; raise NotFound or PreconditionFailed.

        In a versioned bucket an object deleted by name alone stays as a noncurrent generation.
        """
        with self.catalogue.transaction():
            version = self._version(bucket, name, generation)
            preconditions.check(version.resource)
            if generation is None:
                self._retire(bucket, name)
            else:
                self._forget(bucket, name, version)

    def copy(self, source: Resource, draft: Draft, source_preconditions: Preconditions) -> Resource:
        """Publish the bytes of one generation as another object, with its properties or new ones.

        ``source`` names ``bucket``, ``name`` and ``generation`` (None: the live one).
        """
        place = (source["bucket"], source["name"], source["generation"])
        with self.catalogue.transaction():
            version = self._version(*place)
            source_preconditions.check(version.resource)
            self.check_draft(draft)
            old = version.resource
            kept = {key: old[key] for key in resources.OBJECT_SETTABLE & old.keys()}
            contents = Contents(int(old["size"]), old["crc32c"], old["md5Hash"])
            target = Draft(
                draft.bucket, draft.name, draft.properties or kept, {}, draft.preconditions
            )
            return self.publish(target, self._linked(version, draft.name), contents)

    def _linked(self, version: Version, name: str) -> Path:
        # Bytes never change once published, so a second name for them is as good as a copy.
        link = self.catalogue.new_file(name)
        link.unlink()
        os.link(self.catalogue.path(version.file), link)
        return link

    def _rows(self, bucket: str, query: ListQuery) -> Iterable[tuple[str, int, str]]:
        statement = (
            "SELECT name, generation, resource FROM objects WHERE bucket = ? AND name >= ?"
            + ("" if query.versions else " AND live")
            + " ORDER BY name, generation"
        )
        with self.catalogue.transaction() as db:
            self.buckets.get(bucket)
            return db.execute(statement, [bucket, query.first_name])

    def _version(self, bucket: str, name: str, generation: int | None) -> Version:
        with self.catalogue.transaction():
            found = self._find(bucket, name, generation)
            if found is None:
                self.buckets.get(bucket)
                raise NotFound(f"No such object: {bucket}/{name}")
            return found

    def _find(self, bucket: str, name: str, generation: int | None = None) -> Version | None:
        condition = "live" if generation is None else "generation = ?"
        values = [bucket, name] + ([] if generation is None else [generation])
        with self.catalogue.transaction() as db:
            row = db.execute(
                "SELECT file, live, resource FROM objects "
                f"WHERE bucket = ? AND name = ? AND {condition}",
                values,
            ).fetchone()
        return Version(row[0], bool(row[1]), json.loads(row[2])) if row else None

    def _retire(self, bucket: str, name: str) -> None:
        """Make the live generation, if any, noncurrent in a versioned bucket, or forget it."""
        live = self._find(bucket, name)
        if live is None:
            return
        if not self.buckets.get(bucket).get("versioning", {}).get("enabled"):
            self._forget(bucket, name, live)
            return
        resource = {**live.resource, "timeDeleted": resources.timestamp()}
        with self.catalogue.transaction() as db:
            db.execute(
                "UPDATE objects SET live = 0, resource = ? WHERE bucket = ? AND name = ? AND live",
                [json.dumps(resource), bucket, name],
            )

    def _forget(self, bucket: str, name: str, version: Version) -> None:
        with self.catalogue.transaction() as db:
            db.execute(
                "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
                [bucket, name, int(version.resource["generation"])],
            )
        self.catalogue.discard(version.file)
