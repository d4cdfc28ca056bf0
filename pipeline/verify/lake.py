"""The lake's objects: listing, metadata and footer, against the ledger and the local file.

Belongs here: what is in the bucket. Of an object only its end is read, where its footer is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.bigquery.ledger import Load
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import data_dir
from pipeline.lake.bucket import LakeObject, crc32c
from pipeline.lake.generations import read_end
from pipeline.normalize.target import told_by
from pipeline.verify.finding import (
    Finding,
    difference,
    is_older,
    other_version,
    redo,
    remake,
    unbalanced,
)

END_BYTES: Final = 1 << 16
"""A month's footer mostly has some tens of kilobytes."""

TAIL_BYTES: Final = 8
"""A footer's length and PAR1."""


@dataclass(frozen=True)
class Stored:
    """An object and what its own footer tells: rows and record, 0 and None where it tells none."""

    known: LakeObject
    rows: int
    record: Provenance | None


@dataclass(frozen=True)
class Objects:
    """A month's objects; None is what the bucket does not have."""

    month: Stored | None
    quarantine: Stored | None


def read(known: LakeObject) -> Stored:
    """Return the object with its footer, by a range read; by a second one where that is long.

    Raises:
        Transient, Terminal: the service failed or refused.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    end = read_end(known, END_BYTES)
    size = int.from_bytes(end[-TAIL_BYTES:-4], "little") + TAIL_BYTES
    if len(end) < size <= known.size and end.endswith(b"PAR1"):
        end = read_end(known, size)
    try:
        return Stored(known, *told_by(pq.read_metadata(pa.BufferReader(end))))
    except (pa.ArrowException, OSError, UnicodeError):
        return Stored(known, 0, None)


def disagreements(
    month: TripMonth, objects: Objects, load: Load | None, canonical: Provenance | None
) -> Iterator[Finding]:
    """Yield what is wrong with the month's objects, the gravest first.

    ``load`` is BigQuery's ledger row in force, ``canonical`` the record of the local canonical
    file, where that is sound.
    """
    to = None if load else "lake"
    for fault in _of_objects(month, objects, load):
        yield Finding(month, "lake", *fault, redo(month, "lake", to))
    if objects.month is None or objects.month.record is None:
        return
    told, stored = objects.month.record, objects.month.known
    if canonical and (other := other_version(told, canonical)):
        yield _of_other_version(month, canonical, told, other, to)
    elif canonical and (checksum := crc32c(month.canonical_path(data_dir()))) != stored.crc32c:
        yield _other_bytes(month, stored, checksum, load)
    elif canonical and objects.quarantine and (differs := _other_quarantine(month, objects)):
        yield Finding(month, "lake", *differs, redo(month, "normalize", to))
    elif not canonical and load and _was_changed(stored, load):
        seen, expected = f"generation {stored.generation}", f"{load.object_generation}, as loaded"
        yield Finding(month, "lake", f"{seen} of {stored.uri}", expected, redo(month, "lake"))


def _of_objects(month: TripMonth, objects: Objects, load: Load | None) -> Iterator[tuple[str, str]]:
    if objects.month is None:
        if load:
            yield "no object", f"{load.object_uri}, generation {load.object_generation}, as loaded"
        return
    yield from _of_object(month, objects.month)
    told, quarantine = objects.month.known.provenance, objects.quarantine
    wanted = (told and told.rows_quarantined) or 0
    if quarantine is None or not wanted:
        if (quarantine is not None) != bool(wanted):
            kept = "no object" if quarantine is None else "an object"
            yield f"{kept} {month.quarantine_object_name}", f"{wanted:,} rows in quarantine"
    elif (quarantine.rows, quarantine.record, quarantine.known.provenance) != (wanted, told, told):
        yield f"another month's or version's record in {quarantine.known.uri}", "the month's own"


def _of_object(month: TripMonth, stored: Stored) -> Iterator[tuple[str, str]]:
    told, uri = stored.known.provenance, stored.known.uri
    if told is None or not told.is_of(month):
        whose = f"{told.service} {told.month}" if told else "no month"
        yield f"{uri} is {whose} by its metadata", f"{month}"
    elif stored.record is None:
        yield f"no footer with a record in {uri}", "a whole canonical file"
    elif other := difference(told, stored.record):
        yield f"{other[0]} in the metadata of {uri}", f"{other[1]}, as in its footer"
    elif wrong := unbalanced(told):
        yield wrong
    elif stored.rows != told.rows_kept:
        yield f"{stored.rows:,} rows in {uri}", f"{told.rows_kept:,} rows kept"


def _of_other_version(
    month: TripMonth,
    canonical: Provenance,
    stored: Provenance,
    other: tuple[str, str],
    to: str | None,
) -> Finding:
    in_lake, on_disk = other
    if is_older(canonical, stored):
        mend = remake(month, "NormalizeMonth", "download")
        return Finding(month, "normalize", on_disk, f"{in_lake}, as in the lake", mend)
    mend = redo(month, "lake", to)
    return Finding(month, "lake", in_lake, f"{on_disk}, as in the local file", mend)


def _other_bytes(month: TripMonth, stored: LakeObject, checksum: str, load: Load | None) -> Finding:
    """Return which side is wrong, where both claim one record: what was loaded vouches for one."""
    seen, expected = f"crc32c {stored.crc32c} of {stored.uri}", f"{checksum}, as of the local file"
    if load is None:
        return Finding(month, "lake", seen, expected, redo(month, "normalize", "lake"))
    if _was_changed(stored, load):
        return Finding(month, "lake", seen, expected, redo(month, "lake"))
    # Another writer's bytes may differ for ever: so the lake gets them, too.
    seen, expected = f"crc32c {checksum}", f"{stored.crc32c}, as of {stored.uri}, which was loaded"
    return Finding(month, "normalize", seen, expected, redo(month, "normalize"))


def _was_changed(stored: LakeObject, load: Load) -> bool:
    """Return whether the object is another one than was loaded, though it claims to be the same."""
    return stored.generation != load.object_generation and stored.provenance == load.provenance


def _other_quarantine(month: TripMonth, objects: Objects) -> tuple[str, str] | None:
    path: Path = month.quarantine_path(data_dir())
    assert objects.quarantine is not None
    stored = objects.quarantine.known
    if (checksum := crc32c(path)) == stored.crc32c:
        return None
    return f"crc32c {stored.crc32c} of {stored.uri}", f"{checksum}, as of the local file"
