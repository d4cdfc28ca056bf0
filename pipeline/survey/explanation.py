"""All that is known of one month: where it came from, what became of it, and where it is.

Belongs here: gathering it, section by section, in the order of the month's way. Not here: how it is
shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import outcomes, settings
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.sightings import sighting
from pipeline.schemas import published_file, service_schema
from pipeline.survey.mend import command
from pipeline.survey.months import MonthState, is_postgres_used, state_of
from pipeline.survey.stretches import Stretch
from pipeline.survey.verdict import WAYS, Verdict, judged_month

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
    from pipeline.postgres.ledger import Load as PostgresLoad

Section = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Facts by what they are called, or a list of such."""
MOST_OUTCOMES: Final = 12


def explanation(month: TripMonth) -> dict[str, Section]:
    """Return what is known of a month, by section; a section with nothing to tell is empty.

    Three questions to each service at most; nothing is asked of the publisher.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    state = state_of(month)
    return {
        "verdict": [_verdict(to, month) for to in WAYS],
        "publisher": _publisher(month),
        "file": _file(state.provenance),
        "schema": _schema(month, state.provenance),
        "rows": _rows(state.provenance),
        "this disk": _local(state),
        "lake": _lake(state),
        "bigquery": _bigquery(month, state.bigquery),
        "postgres": _postgres(state.postgres),
        "loads": _loads(month),
        "runs on this host": _outcomes(month),
    }


def _verdict(to: str, month: TripMonth) -> dict[str, Any]:
    seen = judged_month(to, month)
    is_well = seen.verdict in (Verdict.DONE, Verdict.NOT_PUBLISHED)
    following = None if is_well else command(to, Stretch((month,)), seen.behind)
    return {"to": to, "verdict": seen.verdict.value, "why": seen.why, "next": following}


def _publisher(month: TripMonth) -> dict[str, Any]:
    """Return what the publisher was last seen to serve, and what TLC's file was once seen as."""
    known, seen = published_file(month), sighting(month.service, month.key)
    told = {} if seen is None else asdict(seen)
    if known:
        told["known as"] = {"rows": known.rows, "bytes": known.bytes, "as of": known.as_of}
    return told


def _file(record: Provenance | None) -> dict[str, Any]:
    """Return which file the month was made of."""
    names = ("source_url", "source_etag", "source_last_modified", "source_bytes", "source_sha256")
    return {name.removeprefix("source_"): getattr(record, name) for name in names} if record else {}


def _schema(month: TripMonth, record: Provenance | None) -> dict[str, Any]:
    schema = service_schema(month.service)
    era = schema.era(month)
    made = {} if record is None else {
        "made by": record.schema_version,
        "pipeline": record.pipeline_version,
        "unknown columns": record.unknown_columns,
        "added columns": record.added_columns,
    }  # fmt: skip
    return {"era": era.name, "about": era.about, "now": schema.version, **made}


def _rows(record: Provenance | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "in": record.source_rows,
        "kept": record.rows_kept,
        "quarantined": record.rows_quarantined,
        "odd": record.counted(),
        "remarks": record.remarks,
    }


def _local(state: MonthState) -> dict[str, Any]:
    folder = settings.data_dir()
    paths = {
        "raw": state.month.raw_path(folder),
        "canonical": state.month.canonical_path(folder),
        "quarantine": state.month.quarantine_path(folder),
    }
    found = {name: _sized(path) for name, path in paths.items() if path.is_file()}
    return {"holds": state.local, **found} if state.has_files else {}


def _sized(path: Path) -> dict[str, Any]:
    return {"path": str(path), "bytes": path.stat().st_size}


def _lake(state: MonthState) -> dict[str, Any]:
    """Return the month's object, and that of its quarantine."""
    from pipeline.lake.bucket import objects

    names = {"": state.month.object_name, "quarantine": state.month.quarantine_object_name}
    found = {place: objects().get(name) for place, name in names.items()}
    told = {place: {"uri": it.uri, "generation": it.generation, "crc32c": it.crc32c,
                    "bytes": it.size, "link": it.link}
            for place, it in found.items() if it}  # fmt: skip
    return {**told.pop("", {}), **told}


def _bigquery(month: TripMonth, load: "BigQueryLoad | None") -> dict[str, Any]:
    from pipeline.bigquery.load import link_to_job
    from pipeline.bigquery.partition import MonthPartition

    if load is None:
        return {}
    config = settings.bigquery()
    return {
        "partition": MonthPartition(month).path,
        "rows": load.partition_rows,
        "rows by the ledger": load.provenance.rows_kept,
        "loaded at": load.loaded_at,
        "of": f"{load.object_uri} generation {load.object_generation}",
        "job": load.job_id,
        "link": link_to_job(config.project, config.location, load.job_id),
    }


def _postgres(load: "PostgresLoad | None") -> dict[str, Any]:
    if load is None:
        return {}
    return {
        "partition": load.partition,
        "rows": load.partition_rows,
        "rows by the ledger": load.provenance.rows_kept,
        "loaded at": load.loaded_at,
        "load": load.load_id,
    }


def _loads(month: TripMonth) -> list[dict[str, Any]]:
    """Return every version that the ledgers tell of, the newest first."""
    from pipeline.bigquery import ledger
    from pipeline.postgres import ledger as postgres_ledger

    copied = postgres_ledger.history(month) if is_postgres_used() else []
    return [*(_loaded("bigquery", load) for load in ledger.history(month)),
            *(_loaded("postgres", load) for load in copied)]  # fmt: skip


def _loaded(place: str, load: "BigQueryLoad | PostgresLoad") -> dict[str, Any]:
    told = load.provenance
    return {
        "to": place,
        "loaded at": load.loaded_at,
        "rows": told.rows_kept,
        "bytes": told.source_bytes,
        "last modified": told.source_last_modified,
        "etag": told.source_etag,
        "schema": told.schema_version,
    }


def _outcomes(month: TripMonth) -> list[dict[str, Any]]:
    """Return what this host's last tasks about the month came to, the newest first."""
    told = [asdict(one) for one in outcomes.newest()
            if (one.service, one.month) == (month.service, month.key)]  # fmt: skip
    return told[: -MOST_OUTCOMES - 1 : -1]
