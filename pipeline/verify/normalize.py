"""The canonical file and its quarantine: footer, every row group, and the raw file they are of.

Belongs here: what is on this disk as normalized. A file that is not there is no fault: canonical
files may be deleted at any time.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import data_dir
from pipeline.normalize.target import read_footer
from pipeline.verify.finding import Finding, other_version, remake, unbalanced


def disagreements(month: TripMonth, raw: Provenance | None) -> Iterator[Finding]:
    """Yield what is wrong with the month's canonical file and its quarantine, the gravest first.

    ``raw`` is the record of the raw file, where that is sound.
    """
    path = month.canonical_path(data_dir())
    if not path.is_file():
        return

    def finding(seen: str, expected: str, since: str = "normalize") -> Finding:
        return Finding(month, "normalize", seen, expected, remake(month, "NormalizeMonth", since))

    rows, record = read_footer(path)
    if record is None or not record.is_of(month):
        yield finding(f"no footer with a record of this month in {path}", "a whole canonical file")
        return
    if wrong := unbalanced(record):
        yield finding(*wrong)
    if fault := _unread(path, rows, record.rows_kept or 0):
        yield finding(*fault)
    yield from (finding(*fault) for fault in _of_quarantine(month, record))
    if raw and (other := other_version(raw, record.origin())):
        yield finding(f"{other[1]} in {path}", f"{other[0]}, as in the raw file")


def _of_quarantine(month: TripMonth, record: Provenance) -> Iterator[tuple[str, str]]:
    path = month.quarantine_path(data_dir())
    wanted = record.rows_quarantined or 0
    if not path.is_file() or not wanted:
        if path.is_file() != bool(wanted):
            yield f"{'a' if path.is_file() else 'no'} file {path}", f"{wanted:,} rows in quarantine"
        return
    rows, told = read_footer(path)
    if told != record:
        yield f"no footer with the month's own record in {path}", "the month's quarantine"
    elif fault := _unread(path, rows, wanted):
        yield fault


def _unread(path: Path, rows: int, wanted: int) -> tuple[str, str] | None:
    """Return what is wrong with a file's rows, all of which are read; None where nothing is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    read = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(use_threads=False):
                read += len(batch)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        return f"{path} cannot be read after row {read:,} ({error})", f"{wanted:,} rows"
    if {read, rows} != {wanted}:
        return f"{read:,} rows in {path}, {rows:,} by its footer", f"{wanted:,} rows"
    return None
