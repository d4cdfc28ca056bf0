"""Buckets in the catalogue.

Belongs here: insert, get, list, patch, delete. Not here: their HTTP form (``handlers.py``).
"""

import json

from pipeline.sandbox.storage import resources
from pipeline.sandbox.storage.catalogue import Catalogue
from pipeline.sandbox.storage.errors import Conflict, NotFound
from pipeline.sandbox.storage.preconditions import NO_PRECONDITIONS, Preconditions, Resource


class Buckets:
    """The buckets of a catalogue. Every method is safe in any thread."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def insert(self, properties: Resource) -> Resource:
        """Create a bucket; raise Conflict where it exists."""
        name = resources.check_bucket_name(properties.get("name"))
        chosen = resources.settable(properties, resources.BUCKET_SETTABLE)
        resource = resources.new_bucket(name, chosen)
        with self._catalogue.transaction() as db:
            if db.execute("SELECT 1 FROM buckets WHERE name = ?", [name]).fetchone():
                raise Conflict(
                    "Your previous request to create the named bucket succeeded "
                    "and you already own it."
                )
            db.execute("INSERT INTO buckets VALUES (?, ?)", [name, json.dumps(resource)])
        return resource

    def get(self, name: str, preconditions: Preconditions = NO_PRECONDITIONS) -> Resource:
        """Return a bucket; raise NotFound."""
        resource = self._get(name)
        preconditions.check(resource, reading=True)
        return resource

    def all(self, prefix: str = "") -> list[Resource]:
        """Return the buckets whose names begin with ``prefix``, by name."""
        with self._catalogue.transaction() as db:
            rows = db.execute("SELECT name, resource FROM buckets ORDER BY name").fetchall()
        return [json.loads(resource) for name, resource in rows if name.startswith(prefix)]

    def patch(self, name: str, changes: Resource, preconditions: Preconditions) -> Resource:
        """Change a bucket and return it; raise NotFound or PreconditionFailed."""
        chosen = resources.settable(changes, resources.BUCKET_CHANGEABLE)
        with self._catalogue.transaction() as db:
            resource = self._get(name)
            preconditions.check(resource)
            changed = resources.patched(resource, chosen)
            db.execute(
                "UPDATE buckets SET resource = ? WHERE name = ?", [json.dumps(changed), name]
            )
        return changed

    def delete(self, name: str, preconditions: Preconditions) -> None:
        """Delete an empty bucket; raise NotFound, PreconditionFailed or Conflict."""
        with self._catalogue.transaction() as db:
            preconditions.check(self._get(name))
            if db.execute("SELECT 1 FROM objects WHERE bucket = ?", [name]).fetchone():
                raise Conflict("The bucket you tried to delete is not empty.")
            db.execute("DELETE FROM buckets WHERE name = ?", [name])

    def _get(self, name: str) -> Resource:
        with self._catalogue.transaction() as db:
            row = db.execute("SELECT resource FROM buckets WHERE name = ?", [name]).fetchone()
        if row is None:
            raise NotFound("The specified bucket does not exist.")
        resource: Resource = json.loads(row[0])
        return resource
