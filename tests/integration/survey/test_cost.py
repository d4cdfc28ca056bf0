"""What a plan costs is taken from what was seen, else from what is known, and says which."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core import sightings
from pipeline.core.months import TripMonth
from pipeline.core.outcomes import Outcome, note
from pipeline.core.settings import PUBLISHER
from pipeline.core.sightings import Sighting
from pipeline.schemas import published_file
from pipeline.survey.cost import FileSize, cost, file_size
from pipeline.survey.plan import Step
from pipeline.survey.verdict import Judged, Verdict

MONTH = TripMonth("green", 2021, 1)
SEEN = Sighting(MONTH.url(PUBLISHER), '"e"', "", 1_000_000, None, "2026-11-23T01:00:00+00:00")
ALL = ("download", "normalize", "lake", "bigquery")


@pytest.fixture
def at_tlc(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLC_BASE_URL", PUBLISHER)


def step(*stages: str, month: TripMonth = MONTH) -> Step:
    return Step(month, Judged(Verdict.MISSING, "nowhere yet", None), stages)


def test_a_files_size_is_what_was_seen_or_known_and_else_a_guess_by_its_rows(at_tlc: None) -> None:
    known = published_file(MONTH)
    assert known is not None and known.bytes is not None
    assert file_size(MONTH) == FileSize(known.rows, known.bytes, False)
    sightings.record("green", MONTH.key, SEEN)
    assert file_size(MONTH) == FileSize(known.rows, 1_000_000, False)
    sightings.record("green", MONTH.key, replace(SEEN, url="http://127.0.0.1/", length=1))
    assert file_size(MONTH).bytes == known.bytes
    unknown = file_size(TripMonth("green", 2026, 10))
    assert unknown.is_guess and 100_000 < unknown.bytes < 10_000_000


def test_each_file_takes_its_place_raw_and_canonical_and_in_what_the_sandbox_keeps(
    at_tlc: None,
) -> None:
    sightings.record("green", MONTH.key, SEEN)
    told = cost("bigquery", [step(*ALL), step(month=TripMonth("green", 2021, 2))])
    assert (told.files, told.download, told.sized_by_rows) == (1, 1_000_000, 0)
    assert told.disk == 6_000_000
    assert (told.queries, told.billed) == (2, 0)
    assert cost("bigquery", [step(*ALL[1:])]).download == 0
    assert cost("postgres", [step(*ALL[:2], "postgres")]).disk == 16_000_000


def test_google_bills_a_query_at_least_and_takes_no_place_here(at_tlc: None, setting) -> None:
    sightings.record("green", MONTH.key, SEEN)
    for section, kind in (("lake", "gcs"), ("bigquery", "bigquery")):
        setting(f"connection:{kind}-there", kind=kind)
        setting(section, connection=f"{kind}-there")
    told = cost("bigquery", [step(*ALL)] * 3)
    assert (told.queries, told.billed, told.disk) == (4, 40_000_000, 6_000_000)
    lake = cost("lake", [step(*ALL[:3])])
    assert (lake.queries, lake.billed, lake.disk) == (0, 0, 2_000_000)


def test_time_is_this_hosts_own_where_it_has_brought_months_of_some_size(at_tlc: None) -> None:
    sightings.record("green", MONTH.key, SEEN)
    before = cost("bigquery", [step("normalize")])
    assert (before.own_rates, before.other_rates) == ((), ("normalize",))
    told = Outcome("run", SEEN.seen_at, "NormalizeMonth", "green", "2021-02", "done")
    for seconds, rows in (
        (1.0, 500),
        (760.0, 76_000),
        (1000.0, 76_000),
        (1.0, None),
        (None, 76_000),
    ):
        note(replace(told, seconds=seconds, rows=rows))
    note(replace(told, seconds=1.0, rows=76_000, result="failed"))
    after = cost("bigquery", [step("normalize", "lake")])
    assert (after.own_rates, after.other_rates) == (("normalize",), ("lake",))
    rows = file_size(MONTH).rows
    assert after.seconds == pytest.approx(2 * 0.3 + rows / 88 + 0.1)
