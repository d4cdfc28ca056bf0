"""``tlc diff``: what a replacement has changed, from the lake or from what the ledgers know."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from support.canonical import chance_rows, write_canonical

from pipeline.bigquery import ledger
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.diff.difference import summary
from pipeline.lake import generations
from pipeline.lake.upload import upload_month
from pipeline.operate.diff import diff

JUNE = TripMonth("green", 2026, 6)
ROWS = chance_rows(JUNE, 120, [6])


@pytest.fixture(autouse=True)
def anywhere(configured, place):
    """A lake, a warehouse and a Postgres of the test's own, with nothing in them."""


@pytest.fixture
def upload(configured):
    """Bring the first so many rows into the lake, as another host would, and return the object."""

    def put(rows, **changes):
        target = write_canonical(configured, JUNE, ROWS.slice(0, rows), **changes)
        record = target.provenance()
        stored = upload_month(JUNE, target.path, target.quarantine_path, record, lambda sent: None)
        shutil.rmtree(configured / "canonical")
        return stored

    return put


def told(*options):
    done = CliRunner().invoke(diff, ["green", "2026-06", *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def told_json():
    return json.loads(told("--format", "json"))


def growth(rows):
    total = sum(value or 0 for value in ROWS.slice(100, rows - 100)["total_amount"].to_pylist())
    return round(total, 2)


def test_a_month_of_one_version_has_no_difference(upload):
    assert told() == "green 2026-06: no second version is known; nothing was replaced\n"
    upload(100)
    upload(100, source_etag='"of the same bytes"')
    assert "nothing was replaced" in told()
    assert told_json() is None
    assert summary(JUNE) is None


def test_both_versions_are_read_from_the_lake_and_the_truth_is_told(upload, configured):
    before = upload(100, counters="outside_month=12")
    newer = {"source_etag": '"newer"', "source_bytes": 2}
    after = upload(120, counters="negative_total=3 outside_month=20", **newer)
    page = told()
    assert re.search(r"rows +100 +120 +\+20", page)
    assert re.search(r"negative total +0 +3 +\+3", page)
    assert re.search(r"outside month +12 +20 +\+8", page)
    seen = told_json()
    assert (seen["before"]["object"], seen["after"]["object"]) == (
        f"{before.uri}#{before.generation}",
        f"{after.uri}#{after.generation}",
    )
    [total] = [each for each in seen["content"]["sums"] if each["name"] == "total_amount"]
    assert round(total["after"] - total["before"], 2) == growth(120)
    assert seen["summary"] == summary(JUNE)
    assert seen["summary"].startswith("rows 100 to 120 (+20); trip_distance +")
    assert f"total_amount {growth(120):+,.10g}" in seen["summary"]
    for word in (
        "ETag",
        "newer",
        "sum of total_amount",
        "rows, 2026-06-",
        "rows, zone ",
        "days differ",
    ):
        assert word in page
    assert not [*configured.rglob("*diff*")]


def test_the_newest_of_many_changes_is_told_and_a_repeated_upload_is_none(upload):
    for rows in (120, 100, 110):
        upload(rows)
    upload(110, source_etag='"again"')
    assert told_json()["summary"].startswith("rows 100 to 110 (+10)")


def test_what_this_machine_has_is_not_downloaded(upload, configured, monkeypatch):
    upload(100)
    after = upload(120)
    write_canonical(configured, JUNE, ROWS.slice(0, 120))
    fetched = []
    fetch = generations.fetch
    monkeypatch.setattr(
        "pipeline.diff.difference.fetch",
        lambda known, path: (fetched.append(known), fetch(known, path)),
    )
    assert told_json()["content"]["sums"]
    assert after not in fetched and len(fetched) == 1


def test_where_the_bucket_keeps_no_versions_bigquerys_ledger_tells_what_it_knows(upload):
    storage_client().create_bucket(settings.lake().bucket)
    ensure_tables("green")
    for rows, day in ((100, 1), (120, 2)):
        stored = upload(rows)
        when = datetime(2026, 10, day, tzinfo=UTC)
        ledger.record(
            ledger.Load(stored.provenance, f"job{day}", when, stored.uri, stored.generation, rows)
        )
    seen = told_json()
    assert (seen["content"], seen["summary"]) == (None, "rows 100 to 120 (+20)")
    assert (seen["before"]["object"], seen["before"]["known_by"]) == (None, "bigquery")
    page = told()
    assert f"{100:064x}"[:12] in page and "2026-10-02 00:00" in page
    assert page.splitlines()[-1].startswith(f"what it was (sha256 {100:064x}"[:30])
    assert "turn its object versioning on" in page


def test_who_has_postgres_alone_is_told_what_its_ledger_knows(place):
    for rows in (100, 120):
        place.load(JUNE, ROWS.slice(0, rows))
    assert told_json()["after"]["known_by"] == "postgres"
    assert summary(JUNE) == "rows 100 to 120 (+20)"
    assert "+20" in told() and "docs/google-cloud.md" in told()


def test_an_object_that_was_damaged_is_told_in_one_line(upload, monkeypatch):
    upload(100)
    upload(120)
    monkeypatch.setattr(
        "pipeline.diff.difference.fetch", lambda known, path: path.write_bytes(b"PAR1 no PAR1")
    )
    with pytest.raises(Terminal, match="cannot be compared"):
        summary(JUNE)


def test_objects_that_are_not_ours_are_no_versions(upload):
    stored = upload(100)
    other = storage_client().bucket(settings.lake().bucket).blob(JUNE.object_name)
    other.upload_from_string(b"somebody's")
    other.metadata = replace(
        stored.provenance, source_sha256="0b" * 32, month="2026-05"
    ).to_metadata()
    other.upload_from_string(b"of another month")
    assert told_json() is None


def test_a_folder_without_room_is_told_in_one_line(upload, configured):
    upload(100)
    upload(120)
    shutil.rmtree(configured)
    configured.write_text("a file, no folder")
    with pytest.raises(Terminal, match=rf"cannot write {configured}; .*data_dir"):
        summary(JUNE)
