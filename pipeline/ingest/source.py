"""A file that somebody names by its URL or path: what it is called, and which version it is.

Belongs here: its names, its version and bringing it to this machine. Not here: its rows
(``rows.py``).
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pipeline.core import settings
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.kinds import PARQUET, FileKind
from pipeline.download.publisher import Progress

SERVICE: Final = "url"
"""What the provenance of such a file has for a service."""

NAME_OF_TLC: Final = re.compile(rf"({'|'.join(SERVICES)})_tripdata_(\d{{4}}-\d{{2}})\.parquet")
CSV: Final = FileKind(
    name="CSV file",
    expected="comma-separated values under a header",
    ends_whole=lambda path: True,
    count_rows=lambda path: 0,  # told by COPY
    text_types=("text/csv", "text/plain"),
)
KINDS: Final = {".parquet": PARQUET, ".csv": CSV, ".csv.gz": CSV}


@dataclass(frozen=True)
class Source:
    """The file at ``address``, an http(s) URL or a path; a Publication as downloads know it.

    Raises:
        BadRequest: it is neither, or its name tells no kind of file that can be read.
    """

    address: str
    service: str = SERVICE
    key: str = ""
    object_name: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.username or parts.password:
            raise BadRequest(
                "a URL with a password in it is not taken: it would be seen in ps, logs and ledger",
                expected="a URL without user and password",
            )
        if not any(self.name.endswith(ending) for ending in KINDS):
            raise BadRequest("no kind of file that can be read", seen=self.name,
                             expected=" | ".join(f"*{ending}" for ending in KINDS))  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        """Whether it is a path on this machine."""
        return urlsplit(self.address).scheme not in ("http", "https")

    @property
    def name(self) -> str:
        """The file's name, ``fhv_tripdata_2023-01.parquet``."""
        return Path(unquote(urlsplit(self.address).path)).name

    @property
    def shown(self) -> str:
        """The address as the ledger has it: without a query, which may hold a signature."""
        if self.is_local:
            return Path(self.address).absolute().as_uri()
        return urlsplit(self.address)._replace(query="", fragment="").geturl()

    @property
    def kind(self) -> FileKind:
        """What kind of file its name tells."""
        return next(kind for ending, kind in KINDS.items() if self.name.endswith(ending))

    @property
    def month(self) -> TripMonth | None:
        """The month of TLC's that its name tells, if it does."""
        told = NAME_OF_TLC.fullmatch(self.name)
        return TripMonth.parse(told[1], told[2]) if told else None

    def url(self, base_url: str) -> str:
        """Its address, whatever the publisher's is."""
        return self.address

    def folder(self, data_dir: Path) -> Path:
        """Where what is made of it is kept below ``data_dir``."""
        digest = hashlib.sha256(self.address.encode()).hexdigest()[:16]
        return data_dir / "ingest" / digest

    def raw_path(self, data_dir: Path) -> Path:
        """Where it is on this machine: where it was, or below ``data_dir``."""
        return Path(self.address) if self.is_local else self.folder(data_dir) / self.name


def version_of(source: Source) -> str:
    """Return what tells this version from others: its ETag; a local file's size and time.

    Raises:
        Transient: its server is unreachable, throttles or is out of order.
        Terminal: it is not there.
    """
    from pipeline.download.publisher import Publisher

    if source.is_local:
        return _local_version(source)
    published = Publisher(source.address.rpartition("/")[0], source.kind).probe(source)
    if published is None:
        raise Terminal(f"there is nothing at {source.shown}", next_step="check --url")
    return published.etag or published.last_modified


def fetch(source: Source, version: str, progress: Progress) -> Provenance:
    """Bring that version to ``raw_path`` and return its provenance; safe to repeat.

    Raises:
        Transient: the server fails, or has another version meanwhile.
        Terminal: what is there is no file of its kind.
    """
    from pipeline.download.publisher import Publisher
    from pipeline.download.target import read_provenance

    path = source.raw_path(settings.data_dir())
    if source.is_local:
        return _local_provenance(source, path, version)
    older = read_provenance(path, source)
    if older is not None and version not in (older.source_etag, older.source_last_modified):
        path.unlink()
    publisher = Publisher(source.address.rpartition("/")[0], source.kind)
    record = publisher.download(source, path, progress)
    return replace(record, source_url=source.shown,
                   source_etag=record.source_etag or record.source_last_modified)  # fmt: skip


def _local_version(source: Source) -> str:
    try:
        told = Path(source.address).stat()
    except OSError as error:
        raise Terminal(f"cannot read {source.address}", seen=error.strerror,
                       next_step="check --url") from error  # fmt: skip
    return f"{told.st_size}-{told.st_mtime_ns}"


def _local_provenance(source: Source, path: Path, version: str) -> Provenance:
    from pipeline.download.kinds import Unreadable

    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        rows = source.kind.count_rows(path)
    except (OSError, Unreadable) as error:
        raise Terminal(f"{path} is no {source.kind.name}", seen=error,
                       expected=source.kind.expected) from error  # fmt: skip
    size = path.stat().st_size
    return Provenance(source.service, source.key, source.shown, version, "", size, digest, rows)
