"""Facts of a report as a well-used warehouse would have them, without any service.

Belongs here: months of the published sizes with counts, troubles, durations and runs. Not here:
what a page says of them.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from support.loaded_months import SAMPLE

from pipeline.bigquery.ledger import Load
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.outcomes import Outcome
from pipeline.core.provenance import Provenance
from pipeline.history.run import Run
from pipeline.report.gather import Facts
from pipeline.report.troubles import Trouble
from pipeline.schemas import PublishedFile, published_files
from pipeline.survey.months import MonthState
from pipeline.survey.stretches import Stretch
from pipeline.survey.verdict import Judged, Verdict

NOW = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)
NOT_OUT = TripMonth("fhvhv", 2026, 9)
FAILED = TripMonth("yellow", 2023, 5)
STALE = TripMonth("green", 2026, 6)
MISSING = [TripMonth("fhv", 2019, month) for month in (2, 3, 4)]
HOSTILE = "</script><img src=x onerror=alert(1)>'\"{{ 7 * 7 }}"
TROUBLES = (
    Trouble(Verdict.FAILED, Stretch((FAILED,)), HOSTILE,
            "luigi --module pipeline LoadMonthToBQ --service yellow --year 2023 --month 5"),
    Trouble(Verdict.STALE, Stretch((STALE,)), "the publisher has another version since 2026-11-20",
            "tlc redo green 2026-06"),
    Trouble(Verdict.MISSING, Stretch(tuple(MISSING)), "",
            "luigi --module pipeline LoadRange --service fhv --start 2019-02 --stop 2019-04"),
)  # fmt: skip
COUNTS = {"outside_month": 3e-5, "dropoff_before_pickup": 2e-6, "unknown_zone": 0.011,
          "missing_zone": 0.002, "negative_fare": 0.004, "absurd_distance": 7e-6,
          "duplicate_rows": 1e-6}  # fmt: skip
STAGES = {"DownloadMonth": 41, "NormalizeMonth": 18, "UploadMonthToGCS": 9, "LoadMonthToBQ": 25}


def facts() -> Facts:
    """All published months but a few, of which each verdict has some."""
    months = {month: _judged(month, file) for month, file in published_files().items()}
    months[NOT_OUT] = Judged(Verdict.NOT_PUBLISHED, "not published when last looked", None)
    order = sorted(months, key=lambda month: (SERVICES.index(month.service), month.key))
    return Facts(
        NOW,
        "bigquery",
        {month: months[month] for month in order},
        [*TROUBLES],
        [*_outcomes()],
        [*_runs()],
        ["the history in Postgres: connection refused"],
        ABOUT,
    )


ABOUT = {
    "warehouse": "my-project.nyc_tlc",
    "lake": "gs://tlc-lake",
    "Postgres": "sandbox, schema public",
    "publisher": "https://d37ci6vzurychx.cloudfront.net/trip-data (TLC's months)",
    "version": "0.2.0",
}


def nothing() -> Facts:
    """A machine on which nothing has run yet."""
    missing = Judged(Verdict.MISSING, "nowhere yet", None)
    return Facts(NOW, "bigquery", dict.fromkeys(facts().months, missing), [], [], [], [], ABOUT)


def _judged(month: TripMonth, file: PublishedFile) -> Judged:
    if month in MISSING:
        return Judged(Verdict.MISSING, "nowhere yet", None)
    state = _state(month, file)
    if month == FAILED:
        return Judged(Verdict.FAILED, "the ledger has 3,513,649 rows, and the partition is gone",
                      state)  # fmt: skip
    if month == STALE:
        return Judged(Verdict.STALE, "the publisher has another version since 2026-11-20", state)
    return Judged(Verdict.DONE, f"{file.rows:,} rows", state)


def _state(month: TripMonth, file: PublishedFile) -> MonthState:
    load = Load(_record(month, file), f"tlc_{month.service}", NOW - timedelta(days=3),
                "gs://tlc-lake/", 1, file.rows)  # fmt: skip
    return MonthState(month, None, None, False, None, load, None)


def _record(month: TripMonth, file: PublishedFile) -> Provenance:
    chance = random.Random(str(month))
    odd = {
        name: round(file.rows * share * chance.uniform(0.4, 1.6)) for name, share in COUNTS.items()
    }
    if month.service == "yellow" and month.year < 2011:
        odd["missing_zone"] = file.rows
    return replace(
        SAMPLE,
        service=month.service,
        month=month.key,
        source_bytes=file.bytes or file.rows * 14,
        source_rows=file.rows,
        rows_kept=file.rows,
        counters=" ".join(f"{name}={rows}" for name, rows in odd.items() if rows),
        remarks=HOSTILE if month == STALE else None,
    )


def _outcomes() -> Iterator[Outcome]:
    chance = random.Random(1)
    for task, seconds in STAGES.items():
        for number in range(1, 13):
            yield Outcome("20261122-031500-3f9a", "2026-11-22T03:15:00+00:00", task, "yellow",
                          f"2025-{number:02d}", "done", seconds * chance.uniform(0.5, 3),
                          3_000_000, "", "")  # fmt: skip
    yield Outcome("20261122-031500-3f9a", "2026-11-22T03:15:00+00:00", "LoadMonthToBQ", "yellow",
                  "2023-05", "failed", 3.0, None, HOSTILE, "javascript:alert(1)")  # fmt: skip


def _runs() -> Iterator[Run]:
    for day in range(20):
        ended, is_bad = NOW - timedelta(days=day, hours=2), day in (0, 7)
        yield Run(
            run_id=f"run {day}",
            deployment="monthly-bigquery" if day % 5 else None,
            asked_by="schedule" if day % 5 else "user",
            task="LoadPublished",
            parameters="--since=2024-01 --services=yellow,green",
            host="batch-1",
            started=ended - timedelta(seconds=95 + 31 * day),
            ended=ended,
            tries=1,
            code=30 if is_bad else 0,
            result="failed" if is_bad else "done",
            told=f"LoadMonthToBQ yellow 2023-05: {HOSTILE}" if is_bad else "",
            months_loaded=0 if is_bad else day % 3,
            months_failed=1 if is_bad else 0,
        )
