"""Resumable upload sessions: unfinished objects that outlive the server.

Belongs here: their rows and files, from begin to completion. Not here: chunks and the wire
(``receivers.py``). How much of an object has arrived is said by its file's size alone.
"""

import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.storage.checksums import seal
from pipeline.sandbox.storage.errors import NotFound
from pipeline.sandbox.storage.objects import Draft, ObjectStore
from pipeline.sandbox.storage.preconditions import Preconditions, Resource

LIFETIME: Final = 7 * 24 * 3600.0
"""Seconds for which a session can be resumed, or its outcome asked for."""


@dataclass(frozen=True)
class Session:
    """An upload that was begun. ``result`` is the object once it is published."""

    id: str
    path: Path
    draft: Draft
    result: Resource | None

    @property
    def received(self) -> int:
        """The bytes that have arrived."""
        return self.path.stat().st_size


class Uploads:
    """The sessions of a store. Every method is safe in any thread."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._catalogue = store.catalogue
        self.sweep()

    def begin(self, draft: Draft) -> Session:
        """Begin an upload; raise NotFound or PreconditionFailed where it could not end now."""
        with self._catalogue.transaction() as db:
            self._store.check_draft(draft)
            path = self._catalogue.new_file(draft.name)
            session = Session(secrets.token_urlsafe(32), path, draft, None)
            row = [session.id, time.time(), self._catalogue.keep(path), json.dumps(asdict(draft))]
            db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, NULL)", row)
        return session

    def get(self, session_id: str) -> Session:
        """Return a session; raise NotFound where there is none (any more)."""
        with self._catalogue.transaction() as db:
            row = db.execute(
                "SELECT file, draft, result FROM uploads WHERE id = ? AND created > ?",
                [session_id, time.time() - LIFETIME],
            ).fetchone()
        if row is None:
            raise NotFound("No such upload session; begin the upload again.")
        file, draft, result = row
        path = self._catalogue.path(file)
        return Session(session_id, path, _draft(draft), json.loads(result) if result else None)

    def complete(self, session: Session, checksums: dict[str, str]) -> Resource:
        """Publish a session whose bytes have all arrived and remember the outcome with it.

        A refusal (checksum, precondition, bucket gone) ends the session and is raised.
        """
        try:
            contents = seal(session.path)
            contents.verify(checksums)
            with self._catalogue.transaction() as db:
                result = self._store.publish(session.draft, session.path, contents)
                db.execute(
                    "UPDATE uploads SET result = ? WHERE id = ?", [json.dumps(result), session.id]
                )
            return result
        except ApiError:
            self.cancel(session)
            raise

    def cancel(self, session: Session) -> None:
        """Forget an unfinished session and its bytes."""
        with self._catalogue.transaction() as db:
            db.execute("DELETE FROM uploads WHERE id = ?", [session.id])
            if session.result is None:
                self._catalogue.discard(session.path.name)

    def sweep(self) -> None:
        """Forget expired sessions and delete the files that nothing mentions.

        Only for a store in which nothing is being uploaded: when the server starts.
        """
        with self._catalogue.transaction() as db:
            db.execute("DELETE FROM uploads WHERE created <= ?", [time.time() - LIFETIME])
            self._catalogue.sweep()


def _draft(text: str) -> Draft:
    fields = json.loads(text)
    return Draft(**{**fields, "preconditions": Preconditions(**fields["preconditions"])})
