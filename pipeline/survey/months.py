"""What is where, month by month, from the truth at each stage's target.

Belongs here: gathering the stages' answers into one row per month. Not here: presentation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import BadRequest
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import data_dir

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
    from pipeline.postgres.ledger import Load


@dataclass(frozen=True)
class MonthState:
    """One month, and which stages hold it.

    ``local`` is ``canonical``, ``raw``, ``incomplete`` (files, but no whole month) or None;
    ``bigquery`` and ``postgres`` are ``loaded``, ``incomplete`` (ledger and partition disagree) or
    None; ``lake`` is the object's URI; ``provenance`` is that of the furthest stage.
    """

    month: TripMonth
    local: str | None
    lake: str | None
    bigquery: str | None
    postgres: str | None
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
            "postgres": self.postgres,
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

    One listing of the lake and one query each of BigQuery and Postgres, however many months there
    are. Files and objects that are no month's are passed over.
    """
    from pipeline.bigquery.ledger import loaded_months
    from pipeline.lake.bucket import objects

    loaded, stored = loaded_months(), objects()
    months = {TripMonth.parse(*key) for key in (*loaded, *_in_postgres())}
    months |= set(_local_months(data_dir()))
    in_folders = filter(None, (_month_at(Path(name).parent) for name in stored))
    months |= {month for month in in_folders if month.object_name in stored}
    return [_state(month) for month in sorted(months, key=_order)]


def _state(month: TripMonth) -> MonthState:
    from pipeline.bigquery import ledger
    from pipeline.lake import bucket

    stored, (local, local_provenance) = bucket.find(month), _local(month)
    loaded, copied = ledger.find(month), _in_postgres().get((month.service, month.key))
    furthest = loaded or copied
    return MonthState(
        month,
        local,
        stored.uri if stored else None,
        _loaded_or_not(loaded),
        _loaded_or_not(copied),
        furthest.loaded_at if furthest else None,
        (furthest and furthest.provenance) or (stored and stored.provenance) or local_provenance,
    )


def _in_postgres() -> Mapping[tuple[str, str], "Load"]:
    """Return what Postgres holds, by service and month; a sandbox's that was never used, nothing.

    That one is not made only to be asked.
    """
    from pipeline.connections.postgres import postgres_connection
    from pipeline.postgres.ledger import loaded_months
    from pipeline.sandbox.lifecycle import postgres_home

    if postgres_connection().kind == "sandbox" and not (postgres_home() / "cluster").is_dir():
        return {}
    return loaded_months()


def _loaded_or_not(load: "BigQueryLoad | Load | None") -> str | None:
    return None if load is None else "loaded" if load.is_whole else "incomplete"


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
