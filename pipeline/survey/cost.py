"""What doing a plan would cost: bytes, disk, money and time, each with what it is taken from.

Belongs here: estimates. Not here: what is to be done (``plan.py``). Nothing is asked of anybody:
sizes are those that the publisher was seen with, or the table of published months has; times are
this host's own, as far as it has loaded months of some size.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Final

from pipeline.core import outcomes
from pipeline.core.months import TripMonth
from pipeline.core.settings import SANDBOX, base_url, data_dir, is_loopback, sandbox
from pipeline.core.sightings import sighting
from pipeline.schemas import published_file, published_files
from pipeline.survey.plan import STAGES, Step

QUERY_BYTES: Final = 10_000_000
"""What BigQuery bills for a query at least; load jobs are free."""
CANONICAL_SHARE: Final = 1.0
"""A canonical file is 0.7 to 0.9 of the published one: this much at most."""
SANDBOX_SHARES: Final = {"lake": 1.0, "bigquery": 3.0, "postgres": 14.0}
"""What the sandbox keeps for a published byte, its databases' logs included."""
STAGE_SECONDS: Final = 0.3
"""Of every stage of a month, however small that is."""
LEAST_ROWS: Final = 50_000
"""Of a month that tells how fast this host is."""
ASSUMED_BYTES_PER_SECOND: Final = 10_000_000
MEASURED_ROWS_PER_SECOND: Final = {"normalize": 700_000, "bigquery": 860_000, "postgres": 350_000}
"""README, Measured."""


@dataclass(frozen=True)
class Cost:
    """What a plan would cost. Bytes and seconds are estimates; ``free`` is what the disk has now.

    ``sized_by_rows`` files were seen by nobody here, so their bytes are taken from their rows.
    ``own_rates`` are the stages whose speed is this host's own; ``other_rates`` those whose speed
    was measured or assumed elsewhere.
    """

    files: int
    download: int
    sized_by_rows: int
    disk: int
    free: int
    queries: int
    billed: int
    seconds: float
    own_rates: tuple[str, ...]
    other_rates: tuple[str, ...]


def cost(to: str, steps: Sequence[Step]) -> Cost:
    """Return what doing the steps would cost, one after another."""
    sizes = {step.month: file_size(step.month) for step in steps if step.stages}
    fetched = [step.month for step in steps if "download" in step.stages]
    queries = 1 + sum("bigquery" in step.stages for step in steps) if to == "bigquery" else 0
    shares = _disk_shares()
    own, stages = rates(), {stage for step in steps for stage in step.stages}
    return Cost(
        files=len(fetched),
        download=sum(sizes[month].bytes for month in fetched),
        sized_by_rows=sum(sizes[month].is_guess for month in fetched),
        disk=round(
            sum(
                sizes[step.month].bytes * shares.get(stage, 0)
                for step in steps
                for stage in step.stages
            )
        ),
        free=shutil.disk_usage(_existing(data_dir())).free,
        queries=queries,
        billed=0 if _is_sandbox("bigquery") else queries * QUERY_BYTES,
        seconds=sum(
            _seconds(stage, sizes[step.month], own.get(stage))
            for step in steps
            for stage in step.stages
        ),
        own_rates=tuple(stage for stage in STAGES.values() if stage in stages & own.keys()),
        other_rates=tuple(stage for stage in STAGES.values() if stage in stages - own.keys()),
    )


@dataclass(frozen=True)
class FileSize:
    """The size of a published file; ``is_guess`` where its bytes are taken from its rows."""

    rows: int
    bytes: int
    is_guess: bool


def file_size(month: TripMonth) -> FileSize:
    """Return how large the month's file is, as it was last seen, or by its rows."""
    is_sample, known = is_loopback(base_url()), published_file(month)
    rows = int(sandbox().sample_rows) if is_sample else _rows(month)
    seen = sighting(month.service, month.key)
    if seen and seen.length is not None and is_loopback(seen.url) == is_sample:
        return FileSize(rows, seen.length, False)
    if known and known.bytes is not None and not is_sample:
        return FileSize(rows, known.bytes, False)
    return FileSize(rows, round(rows * _bytes_per_row(month.service)), True)


def rates() -> dict[str, float]:
    """Return this host's own rows per second by stage, of the months that were large enough."""
    told: dict[str, list[float]] = {}
    for one in outcomes.newest():
        stage, is_large = STAGES.get(one.task), (one.rows or 0) >= LEAST_ROWS
        if stage and is_large and one.rows and one.seconds and one.result == "done":
            told.setdefault(stage, []).append(one.rows / one.seconds)
    return {stage: median(each) for stage, each in told.items()}


def _seconds(stage: str, size: FileSize, rate: float | None) -> float:
    rate = rate or MEASURED_ROWS_PER_SECOND.get(stage)
    work = size.rows / rate if rate else size.bytes / ASSUMED_BYTES_PER_SECOND
    return STAGE_SECONDS + work


def _disk_shares() -> dict[str, float]:
    """Return by stage what a published byte adds to this disk, were nothing replaced."""
    kept_here = {stage: share for stage, share in SANDBOX_SHARES.items() if _is_sandbox(stage)}
    return {"download": 1.0, "normalize": CANONICAL_SHARE, **kept_here}


def _is_sandbox(stage: str) -> bool:
    from pipeline.connections.google import bigquery_connection, storage_connection
    from pipeline.connections.postgres import postgres_connection

    connections = {"lake": storage_connection, "bigquery": bigquery_connection,
                   "postgres": postgres_connection}  # fmt: skip
    return connections[stage]().kind == SANDBOX


def _rows(month: TripMonth) -> int:
    """Return the file's rows; of a month that no table knows, those of the service's newest."""
    files = published_files()
    newest = max((each for each in files if each.service == month.service), key=lambda m: m.key)
    return files.get(month, files[newest]).rows


@cache
def _bytes_per_row(service: str) -> float:
    files = [file for month, file in published_files().items() if month.service == service]
    return median(file.bytes / file.rows for file in files if file.bytes)


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
