"""A file that somebody names by its URL or path: what it is called, and which version it is.

Belongs here: its names, its version and bringing it to this machine. Not here: its rows
(``rows.py``).
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

from pipeline.core import settings
from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.exchange import shown
from pipeline.download.kinds import PARQUET, FileKind

if TYPE_CHECKING:
    from pipeline.download.publisher import Progress, Publisher

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

    ``is_as_is`` keeps the columns of one of TLC's as they are in it.

    Raises:
        BadRequest: it is neither, or its name tells no kind of file that can be read.
    """

    address: str
    service: str = SERVICE
    key: str = ""
    object_name: str = ""
    is_as_is: bool = False

    def __post_init__(self) -> None:
        parts = _split(self.address)
        if parts.username or parts.password:
            raise BadRequest(
                "a URL with a password in it is not taken: it would be seen in ps, logs and ledger",
                expected="a URL without user and password",
            )
        if self.is_local and "://" in self.address:
            raise BadRequest("neither an http(s) URL nor a path", seen=f"{parts.scheme}://")
        if not self._ending:
            raise BadRequest("no kind of file that can be read", seen=self.name,
                             expected=" | ".join(f"*{ending}" for ending in KINDS))  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        """Whether it is a path on this machine."""
        return _is_local(self.address)

    @property
    def name(self) -> str:
        """The file's name, ``fhv_tripdata_2023-01.parquet``."""
        path = self.address if self.is_local else unquote(urlsplit(self.address).path)
        return Path(path).name

    @property
    def shown(self) -> str:
        """The address as the ledger has it: without a query, which may hold a signature."""
        if self.is_local:
            return Path(self.address).absolute().as_uri()
        return shown(self.address)

    @property
    def kind(self) -> FileKind:
        """What kind of file its name tells."""
        return KINDS[self._ending]

    @property
    def is_compressed(self) -> bool:
        """Whether its name says so."""
        return self._ending == ".csv.gz"

    @property
    def _ending(self) -> str:
        return next(filter(self.name.lower().endswith, KINDS), "")

    @property
    def month(self) -> TripMonth | None:
        """The month of TLC's whose canonical columns it gets, if its name tells one."""
        if self.is_as_is:
            return None
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


def _split(address: str) -> SplitResult:
    try:
        if not settings.is_text(address):
            raise ValueError
        return urlsplit(address)
    except ValueError:
        raise BadRequest("neither an http(s) URL nor a path", seen=repr(address.partition("?")[0]),
                         next_step="check --url") from None  # fmt: skip


def in_public(address: str) -> str:
    """Return what tells an address from others without its query, which may be a secret."""
    digest = hashlib.sha256(address.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    try:
        told = address if _is_local(address) else shown(address)
    except ValueError:  # no address: refused when it is asked for
        told = ""
    return address if told == address else f"{told}?{digest}"


def version_of(source: Source) -> str:
    """Return what tells this version from others without its bytes.

    Its ETag or Last-Modified, empty where its server tells neither; a local file's size and time.

    Raises:
        Transient: its server is unreachable, throttles or is out of order.
        Terminal: it is not there.
    """
    if source.is_local:
        return _local_version(source)
    published = _publisher(source).probe(source)
    if published is None:
        raise Terminal(f"there is nothing at {source.shown}, or nothing that may be read",
                       seen="403 or 404", next_step="check --url")  # fmt: skip
    return published.etag or published.last_modified


def fetch(source: Source, version: str, progress: "Progress") -> Provenance:
    """Bring that version to ``raw_path`` and return its provenance; safe to repeat.

    What its server gives no version is fetched each time; its SHA-256 is its version then.

    Raises:
        Transient: the server fails, or has another version meanwhile.
        Terminal: what is there is no file of its kind.
    """
    from pipeline.download.target import read_provenance

    path = source.raw_path(settings.data_dir())
    if source.is_local:
        return _local_provenance(source, path, version)
    older = read_provenance(path, source)
    if older is not None and (not version or version != _told(older)):
        path.unlink()
    record = _publisher(source).download(source, path, progress)
    return replace(record, source_etag=_told(record) or f"sha256:{record.source_sha256}")


def _told(record: Provenance) -> str:
    return record.source_etag or record.source_last_modified


def _publisher(source: Source) -> "Publisher":
    from pipeline.download.publisher import CONTROL_MONTH, Publisher

    folder = source.address.rpartition("/")[0]
    return Publisher(folder, source.kind, CONTROL_MONTH if folder == settings.base_url() else None)


def _is_local(address: str) -> bool:
    return urlsplit(address).scheme not in ("http", "https")


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
