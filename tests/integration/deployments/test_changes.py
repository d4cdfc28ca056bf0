"""What a load replaced is told of each destination, and of a new month nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.canonical import chance_rows, write_canonical
from support.postgres_place import Place

from pipeline.bigquery import ledger
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.months import TripMonth
from pipeline.deployments.changes import change_of
from pipeline.lake.bucket import LakeObject
from pipeline.lake.upload import upload_month

JUNE = TripMonth("green", 2026, 6)
ROWS = chance_rows(JUNE, 120, [6])


@pytest.fixture(autouse=True)
def anywhere(configured: Path, place: Place) -> None:
    """A lake, a warehouse and a Postgres of the test's own, with nothing in them."""


def uploaded(data: Path, rows: int) -> LakeObject:
    target = write_canonical(data, JUNE, ROWS.slice(0, rows))
    path, quarantine = target.path, target.quarantine_path
    return upload_month(JUNE, path, quarantine, target.provenance(), lambda sent: None)


def test_in_postgres(place: Place) -> None:
    place.load(JUNE, ROWS.slice(0, 100))
    assert change_of("LoadMonthToPostgres", "green", "2026-06") is None
    place.load(JUNE, ROWS)
    assert change_of("LoadMonthToPostgres", "green", "2026-06") == "rows 100 to 120 (+20)"


def test_in_bigquery(configured: Path) -> None:
    storage_client().create_bucket(settings.lake().bucket)
    ensure_tables("green")
    for rows, day, change in ((100, 1, None), (100, 2, None), (120, 3, "rows 100 to 120 (+20)")):
        stored = uploaded(configured, rows)
        when = datetime(2026, 10, day, tzinfo=UTC)
        told = ledger.Load(stored.provenance, f"job{day}", when, stored.uri, 1, rows)
        ledger.record(told)
        assert change_of("LoadMonthToBQ", "green", "2026-06") == change


def test_in_the_lake_where_it_keeps_versions(configured: Path) -> None:
    uploaded(configured, 100)
    assert change_of("UploadMonthToGCS", "green", "2026-06") is None
    uploaded(configured, 120)
    change = change_of("UploadMonthToGCS", "green", "2026-06")
    assert change and change.startswith("rows 100 to 120 (+20); ")


@pytest.mark.parametrize("family", ["DownloadMonth", "LoadZones"])
def test_of_what_is_no_load_of_a_month_nobody_is_asked(family: str) -> None:
    assert change_of(family, "green", "2026-06" if family == "DownloadMonth" else "") is None
