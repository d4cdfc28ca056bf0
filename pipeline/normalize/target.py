"""Is the month's canonical parquet there, whole and balanced?

Belongs here: what its presence means, judged by its footer. Not here: making it (``rewrite.py``).
"""

from pathlib import Path

import luigi

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance


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

        A file that is damaged, of another month or without provenance is not there.

        Raises:
            Terminal: the file cannot be read for want of rights.
        """
        record = self.record()
        return record is not None and record.is_wanted()

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
        footer = _read_footer(self.path)
        if footer is None:
            return None
        rows, pairs = footer
        record = Provenance.from_metadata(pairs)
        if record is None or not record.is_of(self.month):
            return None
        is_whole = record.is_balanced and record.rows_kept == rows
        has_quarantine = self.quarantine_path.exists()
        return record if is_whole and has_quarantine == bool(record.rows_quarantined) else None


def _read_footer(path: Path) -> tuple[int, dict[str, str]] | None:
    """Return the rows and the metadata of a parquet file, or None where there is no whole one."""
    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
    except PermissionError as error:
        raise Terminal(f"cannot read {path}", seen=error.strerror) from error
    except (pa.ArrowException, OSError, UnicodeError):
        return None
    pairs = footer.metadata or {}
    text = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in pairs.items()
    }
    return int(footer.num_rows), text
