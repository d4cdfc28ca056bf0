"""What exists in the storage stand-in, in one SQLite file, and the folder of bytes beside it.

Belongs here: the tables, transactions, generations, and files whose life follows the tables. Not
here: what a bucket, an object or an upload is; their modules write their own rows.

Bytes are written under a name of their own and made durable before a commit mentions them, and
deleted only after a commit has forgotten them. So a crash at any moment leaves, at worst, a file
that no row mentions; the next start deletes it.
"""

import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Final

from pipeline.core.errors import Terminal
from pipeline.core.files import fsync_folder

TABLES: Final = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, resource TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL,
    live INTEGER NOT NULL, file TEXT NOT NULL, resource TEXT NOT NULL,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS live_objects ON objects (bucket, name) WHERE live;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, created REAL NOT NULL, file TEXT NOT NULL,
    draft TEXT NOT NULL, result TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (last INTEGER NOT NULL);
INSERT INTO generations SELECT 0 WHERE NOT EXISTS (SELECT * FROM generations);
"""


class Catalogue:
    """The tables and the folder of bytes below ``root``; one process at a time, any thread.

    Raises:
        Terminal: another process has it open.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "bytes"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._doomed: list[Path] = []
        self._db = _open(root / "catalogue.sqlite")

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside a transaction that is durable when the block ends.

        An error inside rolls everything back. A transaction inside another is part of it.
        """
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._doomed = []
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
            for path in self._doomed:
                path.unlink(missing_ok=True)

    def new_generation(self) -> int:
        """Return a generation above every earlier one: microseconds since 1970, or one more."""
        with self.transaction() as db:
            db.execute("UPDATE generations SET last = max(last + 1, ?)", [time.time_ns() // 1000])
            return int(db.execute("SELECT last FROM generations").fetchone()[0])

    def new_file(self, name: str) -> Path:
        """Create an empty file for an object's bytes; its name ends as the object's does."""
        ending = re.sub(r"[^A-Za-z0-9._-]", "_", name.rpartition("/")[2])[-100:]
        path = self.folder / f"{secrets.token_hex(8)}-{ending}"
        path.touch(exist_ok=False)
        return path

    def path(self, file: str) -> Path:
        """Return where the bytes of a row's ``file`` are."""
        return self.folder / file

    def keep(self, path: Path) -> str:
        """Make the file's name durable and return what a row calls it."""
        fsync_folder(self.folder)
        return path.name

    def discard(self, file: str) -> None:
        """Delete a file once the present transaction is durable."""
        self._doomed.append(self.path(file))

    def sweep(self) -> None:
        """Delete the files that no row mentions: what a crash left behind."""
        with self.transaction() as db:
            known = "SELECT file FROM objects UNION SELECT file FROM uploads WHERE result IS NULL"
            files = {row[0] for row in db.execute(known)}
            for path in self.folder.iterdir():
                if path.name not in files:
                    self.discard(path.name)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        # Exclusive: a second server over the same folder would sweep away the first one's files.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(TABLES)
    except sqlite3.OperationalError as error:
        db.close()
        raise Terminal(
            f"cannot open {path}",
            seen=error,
            expected="one sandbox for the folder",
            next_step="tlc sandbox status",
        ) from error
    return db
