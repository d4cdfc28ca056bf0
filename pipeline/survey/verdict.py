"""What is to be said of each month: done, stale, missing, failed or not published.

Belongs here: the judgement, from what the targets hold, what the publisher was last seen to serve
and what this host last tried. Not here: asking the targets (``months.py``), asking the publisher,
and what a run would do about it (``plan.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pipeline.core.errors import one_line
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.outcomes import newest
from pipeline.core.provenance import Provenance
from pipeline.core.settings import base_url, is_loopback, normalize
from pipeline.core.sightings import Sighting, is_outdated, sighting
from pipeline.ranges.task import ended_months
from pipeline.schemas import published_file, service_schema
from pipeline.survey.months import MonthState, by_service, known_months, state_of

if TYPE_CHECKING:
    from pipeline.bigquery.ledger import Load as BigQueryLoad
    from pipeline.postgres.ledger import Load as PostgresLoad

LOCALLY: Final = ("DownloadMonth", "NormalizeMonth")
WAYS: Final = {
    "bigquery": (*LOCALLY, "UploadMonthToGCS", "LoadMonthToBQ"),
    "postgres": (*LOCALLY, "LoadMonthToPostgres"),
    "lake": (*LOCALLY, "UploadMonthToGCS"),
}
"""The tasks that bring a month there, in order."""


class Verdict(StrEnum):
    """What a month is at a destination.

    ``STALE`` is whole, but of another version than is wanted; ``FAILED`` is not whole, or not
    there because the last try on this host failed.
    """

    DONE = "done"
    STALE = "stale"
    MISSING = "missing"
    FAILED = "failed"
    NOT_PUBLISHED = "not published"


@dataclass(frozen=True)
class Judged:
    """A month's verdict and why, in words; ``state`` is None where no stage holds anything.

    ``behind`` is the stage that a stale month is to be made again from; empty for any other.
    """

    verdict: Verdict
    why: str
    state: MonthState | None
    behind: str = ""


def judged(to: str = "bigquery") -> dict[TripMonth, Judged]:
    """Return the verdict on each month at ``to``: bigquery, postgres or lake.

    All months of each service from its first to its last that has ended, and what else is there,
    by service and month. One listing of the lake, one query each of BigQuery and Postgres, nothing
    of the publisher.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    states = {state.month: state for state in known_months()}
    failures = _failures(to)
    ended = {month for service in SERVICES for month in ended_months(service)}
    return {
        month: _judge(to, month, states.get(month), failures.get((month.service, month.key)))
        for month in sorted(ended | states.keys(), key=by_service)
    }


def judged_month(to: str, month: TripMonth) -> Judged:
    """Return the verdict on one month, from the same listing and queries."""
    state = state_of(month)
    failure = _failures(to).get((month.service, month.key))
    return _judge(to, month, state if state.is_anywhere else None, failure)


def _judge(to: str, month: TripMonth, state: MonthState | None, failure: str | None) -> Judged:
    record, fault = _held(to, state) if state else (None, None)
    if fault:
        return Judged(Verdict.FAILED, fault, state)
    if state and record:
        seen = _judge_whole(to, record, state)
        is_late = failure and seen.verdict is Verdict.STALE
        return replace(seen, why=f"{seen.why}; {failure}") if is_late else seen
    if failure:
        return Judged(Verdict.FAILED, failure, state)
    served = sighting(month.service, month.key)
    if state or published_file(month) or (served and served.is_published):
        return Judged(Verdict.MISSING, _nearest(state), state)
    why = f"the publisher had none at {served.seen_at}" if served else "nobody has seen it here"
    return Judged(Verdict.NOT_PUBLISHED, why, state)


def _held(to: str, state: MonthState) -> tuple[Provenance | None, str | None]:
    """Return the record of what is there, and what is wrong where it is not whole."""
    if to == "lake":
        return _held_by_lake(state)
    load: BigQueryLoad | PostgresLoad | None
    load = state.bigquery if to == "bigquery" else state.postgres
    if load is None or load.is_whole:
        return (load.provenance if load else None), None
    there = "gone" if load.partition_rows is None else f"of {load.partition_rows:,} rows"
    return None, f"the ledger has {load.provenance.rows_kept:,} rows, and the partition is {there}"


def _held_by_lake(state: MonthState) -> tuple[Provenance | None, str | None]:
    from pipeline.lake.target import LakeMonthTarget

    if state.lake is None:
        return None, None
    record = state.lake.provenance
    if record is None or not record.is_balanced or not record.is_of(state.month):
        return None, "the object carries no whole record of this month"
    if not LakeMonthTarget(state.month).has_its_quarantine():
        return None, "the object and that of its quarantine are not of one version"
    return record, None


def _judge_whole(to: str, record: Provenance, state: MonthState) -> Judged:
    if why := _why_outdated(record) or _why_unwanted(record):
        return Judged(Verdict.STALE, why, state, to)
    for stage, place, before in _before(to, state):
        if before and _is_later(before, record):
            other, here = version(Sighting.of(before)), version(Sighting.of(record))
            return Judged(Verdict.STALE, f"{place} has {other}; here {here}", state, stage)
    return Judged(Verdict.DONE, f"{record.rows_kept:,} rows", state)


def _before(to: str, state: MonthState) -> Iterator[tuple[str, str, Provenance | None]]:
    """Yield the stages before ``to``, each with what it feeds, its name and what it holds."""
    local = state.canonical or state.raw
    if to == "bigquery":
        yield "bigquery", "the lake", state.lake.provenance if state.lake else None
        yield "lake", "this disk", local
    else:
        yield to, "this disk", local


def _why_outdated(record: Provenance) -> str | None:
    """Return what the publisher was seen to serve instead."""
    seen = sighting(record.service, record.month) if is_outdated(record) else None
    if seen is None:
        return None
    here = version(Sighting.of(record))
    return f"the publisher has {version(seen)}, seen at {seen.seen_at}; here {here}"


def _why_unwanted(record: Provenance) -> str | None:
    """Return why the month is not as settings and schema ask for."""
    if is_loopback(record.source_url) != is_loopback(base_url()):
        is_sample = is_loopback(record.source_url)
        kinds = ("a sample", "TLC's") if is_sample else ("TLC's", "a sample")
        return "it is {}, and {} is wanted".format(*kinds)
    policy = str(normalize().unknown_columns)
    if record.unknown_columns not in (None, policy):
        return f"made with unknown_columns = {record.unknown_columns}, now it is {policy}"
    schema = service_schema(record.service)
    if not schema.made(record):
        wanted = schema.extended(record.added_columns).version
        return f"made by schema {record.schema_version}, now it is {wanted}"
    return None


def _is_later(record: Provenance, than: Provenance) -> bool:
    is_another = record.source_sha256 != than.source_sha256 and record.is_wanted()
    return is_another and Sighting.of(than).is_older(Sighting.of(record))


def version(seen: Sighting) -> str:
    """Return which version of a file that is, as far as it was told."""
    size = None if seen.length is None else f"{seen.length:,} bytes"
    date = f"of {seen.last_modified}" if seen.last_modified else None
    return one_line(" ".join(filter(None, (size, date, seen.etag and f"(ETag {seen.etag})"))))


def _nearest(state: MonthState | None) -> str:
    if state is None or state.provenance is None:
        return "nowhere yet" if state is None else "files on this disk, none whole"
    places = {
        "in BigQuery": state.bigquery,
        "in the lake": state.lake,
        "in Postgres": state.postgres,
        f"{state.local} on this disk": state.local and state.local != "incomplete",
    }
    return ", ".join(place for place, held in places.items() if held)


def _failures(to: str) -> dict[tuple[str, str], str]:
    """Return why the last try on this host to bring a month there failed, by service and month."""
    tried = ("PublishedMonth", *WAYS[to])
    last = {(told.service, told.month): told for told in newest() if told.task in tried}
    return {
        key: one_line(f"{told.task} failed at {told.at}: {told.told}")
        for key, told in last.items()
        if told.result == "failed"
    }
