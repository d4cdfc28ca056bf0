"""Is the month's canonical parquet there, whole and balanced?

Belongs here: what its presence means, judged by its footer. Not here: making it (``rewrite.py``).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from pipeline.core import files
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.schemas import service_schema

if TYPE_CHECKING:
    import pyarrow.parquet as pq


class CanonicalMonthTarget(luigi.Target):
    """The month in its canonical schema below ``data_dir``, with its quarantine, if any."""

    def __init__(self, month: TripMonth, data_dir: Path) -> None:
        self.month = month
        self.path = month.canonical_path(data_dir)
        self.quarantine_path = month.quarantine_path(data_dir)

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Return whether every row of the month is here or in quarantine; reads the footer only.

        A file that is damaged, of another month, without provenance or of an older schema is not
        there.

        Raises:
            Terminal: the file cannot be read for want of rights.
        """
        record = self.record()
        return record is not None and record.is_wanted()

    def identity(self) -> object:
        """Return what tells the file that is there from any that replaces it."""
        return files.identity(self.path)

    def provenance(self) -> Provenance:
        """Return which version of the month this is, and its row counts.

        Raises:
            Terminal: the month is not normalized.
        """
        record = self.record()
        if record is None:
            raise Terminal(
                f"{self.month} is not normalized",
                expected=f"{self.path}, whole",
                next_step="run NormalizeMonth",
            )
        return record

    def record(self) -> Provenance | None:
        """Return which version of the month is there, a sample or real, or None."""
        rows, record = read_footer(self.path)
        if record is None or not record.is_of(self.month):
            return None
        is_current = service_schema(self.month.service).made(record)
        is_whole = record.is_balanced and record.rows_kept == rows
        return record if is_current and is_whole and self._has_quarantine_of(record) else None

    def _has_quarantine_of(self, record: Provenance) -> bool:
        """Return whether the quarantine is that of this very month, or absent as it should be."""
        if not record.rows_quarantined:
            return not self.quarantine_path.exists()
        return read_footer(self.quarantine_path) == (record.rows_quarantined, record)


def read_footer(path: Path) -> tuple[int, Provenance | None]:
    """Return the rows and the record of a parquet file; 0 and None where there is no whole one."""
    if not path.is_file():
        return 0, None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
    except PermissionError as error:
        raise Terminal(f"cannot read {path}", seen=error.strerror) from error
    except (pa.ArrowException, OSError, UnicodeError):
        return 0, None
    return told_by(footer)


def told_by(footer: "pq.FileMetaData") -> tuple[int, Provenance | None]:
    """Return the rows and the record that a footer tells of; None where it tells of no record."""
    pairs = footer.metadata or {}
    text = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in pairs.items()
    }
    return int(footer.num_rows), Provenance.from_metadata(text)
