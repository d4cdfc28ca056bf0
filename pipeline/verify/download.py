"""The raw file against its sidecar: size, SHA-256, rows.

Belongs here: what is on this disk as published. A file that is not there is no fault: raw files
may be deleted at any time.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.months import TripMonth
from pipeline.core.settings import data_dir
from pipeline.download.kinds import PARQUET, Unreadable
from pipeline.download.target import read_sidecar, sidecar_path
from pipeline.verify.finding import Finding, remake


def disagreements(month: TripMonth) -> Iterator[Finding]:
    """Yield what is wrong with the month's raw file, the gravest first."""
    path, mend = month.raw_path(data_dir()), remake(month, "DownloadMonth", "download")
    try:
        for fault in _faults(month, path) if path.is_file() else ():
            yield Finding(month, "download", *fault, mend)
    except OSError as error:
        seen = f"{path} cannot be read ({error.strerror})"
        yield Finding(month, "download", seen, "the month as published", mend)


def _faults(month: TripMonth, path: Path) -> Iterator[tuple[str, str]]:
    sidecar = sidecar_path(path)
    record = read_sidecar(path) if sidecar.is_file() else None
    if record is None or not record.is_of(month):
        yield f"no record of this month beside {path.name}", f"one in {sidecar}"
        return
    if (size := path.stat().st_size) != record.source_bytes:
        yield f"{size:,} bytes in {path}", f"{record.source_bytes:,}, as in its sidecar"
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != record.source_sha256:
        yield f"sha256 {digest} of {path}", f"{record.source_sha256}, as in its sidecar"
        return
    try:
        rows = PARQUET.count_rows(path)
    except Unreadable as why:
        yield f"{why} in {path}", PARQUET.expected
        return
    if rows != record.source_rows:
        yield f"{rows:,} rows in {path}", f"{record.source_rows:,}, as in its sidecar"
