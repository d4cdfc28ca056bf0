"""What is where, month by month, from the truth at each stage's target.

Belongs here: gathering the stages' answers into one state per month. Not here: what they mean
(``verdict.py``), and how they are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import BadRequest
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.settings import data_dir

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
    from pipeline.lake.bucket import LakeObject
    from pipeline.postgres.ledger import Load as PostgresLoad

    InPostgres = Mapping[tuple[str, str], PostgresLoad]


@dataclass(frozen=True)
class MonthState:
    """One month, and what each stage holds of it; None where it holds nothing.

    ``raw`` and ``canonical`` are the records of whole local files; ``has_files`` is true where
    there are local files, whole or not.
    """

    month: TripMonth
    raw: Provenance | None
    canonical: Provenance | None
    has_files: bool
    lake: "LakeObject | None"
    bigquery: "BigQueryLoad | None"
    postgres: "PostgresLoad | None"

    @property
    def is_anywhere(self) -> bool:
        """Whether any stage holds anything of it."""
        return bool(self.has_files or self.lake or self.bigquery or self.postgres)

    @property
    def local(self) -> str | None:
        """How far the local files are: canonical, raw, or incomplete where none is whole."""
        if self.canonical or self.raw:
            return "canonical" if self.canonical else "raw"
        return "incomplete" if self.has_files else None

    @property
    def provenance(self) -> Provenance | None:
        """The record of the furthest stage that has one."""
        furthest = (self.bigquery, self.postgres, self.lake)
        told = [stage.provenance for stage in furthest if stage and stage.provenance]
        return next(filter(None, (*told, self.canonical, self.raw)), None)

    @property
    def loaded_at(self) -> datetime | None:
        """When the month came into BigQuery, or else into Postgres."""
        load = self.bigquery or self.postgres
        return load.loaded_at if load else None


def known_months() -> list[MonthState]:
    """Return every month that any stage holds, by service and month.

    One listing of the lake and one query each of BigQuery and Postgres, however many months there
    are. Files and objects that are no month's are passed over.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    from pipeline.bigquery.ledger import loaded_months
    from pipeline.lake.bucket import objects

    copied, folder = in_postgres(), data_dir()
    months = {TripMonth.parse(*key) for key in (*loaded_months(), *copied)}
    months |= set(_local_months(folder))
    in_folders = filter(None, (_month_at(Path(name).parent) for name in objects()))
    months |= {month for month in in_folders if month.object_name in objects()}
    return [_state(month, copied, folder) for month in sorted(months, key=by_service)]


def state_of(month: TripMonth) -> MonthState:
    """Return what each stage holds of a month, from the same listing and queries."""
    return _state(month, in_postgres(), data_dir())


def _state(month: TripMonth, copied: "InPostgres", folder: Path) -> MonthState:
    from pipeline.bigquery import ledger
    from pipeline.download.target import RawTarget
    from pipeline.lake import bucket
    from pipeline.normalize.target import CanonicalMonthTarget

    raw, canonical = RawTarget(month, folder), CanonicalMonthTarget(month, folder)
    return MonthState(
        month,
        raw.record(),
        canonical.record(),
        any(any(target.path.parent.glob("*")) for target in (canonical, raw)),
        bucket.find(month),
        ledger.find(month),
        copied.get((month.service, month.key)),
    )


def in_postgres() -> "InPostgres":
    """Return what Postgres holds, by service and month; an unused sandbox's, nothing."""
    from pipeline.postgres.ledger import loaded_months

    return loaded_months() if is_postgres_used() else {}


def is_postgres_used() -> bool:
    """Return whether Postgres may hold anything; the sandbox's is not made only to be asked."""
    from pipeline.connections.postgres import postgres_connection
    from pipeline.sandbox.lifecycle import postgres_home

    return postgres_connection().kind != "sandbox" or (postgres_home() / "cluster").is_dir()


def by_service(month: TripMonth) -> tuple[int, str]:
    """Return what months are sorted by: yellow first, then green, fhv and fhvhv."""
    return SERVICES.index(month.service), month.key


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
