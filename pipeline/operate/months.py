"""What is where, month by month, from the truth at each stage's target.

Belongs here: gathering the stages' answers into one row per month. Not here: presentation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadRequest
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import data_dir


@dataclass(frozen=True)
class MonthState:
    """One month, and which stages hold it.

    ``local`` is ``canonical``, ``raw``, ``incomplete`` (files, but no whole month) or None;
    ``bigquery`` is ``loaded``, ``incomplete`` (ledger and partition disagree) or None; ``lake`` is
    the object's URI; ``provenance`` is that of the furthest stage.
    """

    month: TripMonth
    local: str | None
    lake: str | None
    bigquery: str | None
    when: datetime | None
    provenance: Provenance | None

    def as_record(self) -> dict[str, Any]:
        """Return the row of ``tlc status``."""
        told = self.provenance
        return {
            "service": self.month.service,
            "month": self.month.key,
            "source": told.source_url if told else None,
            "local": self.local,
            "lake": self.lake,
            "bigquery": self.bigquery,
            "rows_in": told.source_rows if told else None,
            "rows_kept": told.rows_kept if told else None,
            "rows_quarantined": told.rows_quarantined if told else None,
            "bytes": told.source_bytes if told else None,
            "when": self.when.isoformat(timespec="seconds") if self.when else None,
            "source_etag": told.source_etag if told else None,
            "source_sha256": told.source_sha256 if told else None,
            "schema_version": told.schema_version if told else None,
            "added_columns": told.added_columns if told else None,
            "remarks": told.remarks if told else None,
        }


def known_months() -> list[MonthState]:
    """Return every month that any stage holds, by service and month.

    One listing of the lake and one query of the warehouse, however many months there are. Files
    and objects that are no month's are passed over.
    """
    from pipeline.bigquery.ledger import loaded_months
    from pipeline.lake.bucket import objects

    loaded, stored = loaded_months(), objects()
    months = {TripMonth.parse(service, key) for service, key in loaded}
    months |= set(_local_months(data_dir()))
    in_folders = filter(None, (_month_at(Path(name).parent) for name in stored))
    months |= {month for month in in_folders if month.object_name in stored}
    return [_state(month) for month in sorted(months, key=_order)]


def _state(month: TripMonth) -> MonthState:
    from pipeline.bigquery import ledger
    from pipeline.lake import bucket

    loaded, stored = ledger.find(month), bucket.find(month)
    local, local_provenance = _local(month)
    return MonthState(
        month,
        local,
        stored.uri if stored else None,
        None if loaded is None else "loaded" if loaded.is_whole else "incomplete",
        loaded.loaded_at if loaded else None,
        (loaded and loaded.provenance) or (stored and stored.provenance) or local_provenance,
    )


def _local(month: TripMonth) -> tuple[str | None, Provenance | None]:
    from pipeline.download.target import RawTarget
    from pipeline.normalize.target import CanonicalMonthTarget

    canonical, raw = CanonicalMonthTarget(month, data_dir()), RawTarget(month, data_dir())
    if record := canonical.record():
        return "canonical", record
    if record := raw.record():
        return "raw", record
    has_files = any(any(target.path.parent.glob("*")) for target in (canonical, raw))
    return ("incomplete" if has_files else None), None


def _local_months(folder: Path) -> Iterable[TripMonth]:
    for stage in ("raw", "canonical"):
        for file in (folder / stage).glob("service=*/month=*/*"):
            if month := _month_at(file.parent):
                yield month


def _month_at(partition: Path) -> TripMonth | None:
    """Return the month whose folder this is, ``.../service=yellow/month=2021-01``, or None."""
    service, key = (name.partition("=")[2] for name in ("/", *partition.parts)[-2:])
    try:
        month = TripMonth.parse(service, key)
    except BadRequest:
        return None
    return month if partition.match(month.partition_path) else None


def _order(month: TripMonth) -> tuple[int, str]:
    return SERVICES.index(month.service), month.key
