"""``tlc explain``: all that is known of a month, on one page."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.workspace import Workspace, client_of


def explained(place: Workspace, month: str) -> dict[str, Any]:
    done = place.tlc("explain", "yellow", month, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def page(place: Workspace, month: str) -> list[str]:
    done = place.tlc("explain", "yellow", month)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_loaded_month_is_told_of_from_the_publisher_to_its_partition(months: Workspace) -> None:
    told = explained(months, "2021-01")
    url = told["file"]["url"]
    assert url.endswith("/yellow_tripdata_2021-01.parquet")
    assert told["publisher"]["sha256"] == told["file"]["sha256"]
    assert told["publisher"]["known as"]["rows"] == 1_369_769
    assert told["rows"]["in"] == told["rows"]["kept"] + told["rows"]["quarantined"] == 200
    assert {"raw", "canonical"} <= told["this disk"].keys()
    assert told["lake"]["uri"].startswith("gs://tlc-lake/trips/service=yellow/month=2021-01/")
    loaded = told["bigquery"]
    assert loaded["partition"] == "tlc-sandbox.nyc_tlc.yellow_trips$202101"
    assert loaded["of"] == f"{told['lake']['uri']} generation {told['lake']['generation']}"
    assert loaded["job"] in loaded["link"]
    assert [load["rows"] for load in told["loads"]] == [200]
    tasks = [one["task"] for one in told["runs on this host"]]
    assert tasks == ["LoadMonthToBQ", "UploadMonthToGCS", "NormalizeMonth", "DownloadMonth"]
    assert len({one["run_id"] for one in told["runs on this host"]}) == 1
    assert told["postgres"] == {}


def test_the_page_has_the_verdict_the_next_command_and_what_nothing_is_known_of(
    months: Workspace,
) -> None:
    lines = page(months, "2021-03")
    assert lines[:4] == [
        "yellow 2021-03",
        "",
        "verdict",
        "  bigquery  failed  the ledger has 200 rows, and the partition is gone",
    ]
    assert lines[4] == (
        "    next: luigi --module pipeline LoadMonthToBQ --service yellow --year 2021 --month 3"
    )
    assert "  rows by the ledger   200" in lines
    assert any(line.startswith("  generation ") and "," not in line for line in lines)
    assert lines[-1] == "nothing is known of: postgres"
    nowhere = page(months, "2021-05")
    assert nowhere[-1].startswith("nothing is known of: file, rows, this disk, lake, bigquery")


@pytest.fixture
def hostile(months: Workspace) -> Iterator[Workspace]:
    """A remark that would clear the screen."""
    change = "UPDATE nyc_tlc._loads SET remarks = {} WHERE month = '2021-01-01'"
    client_of(months).query_and_wait(change.format("'a\x1b[2Jb'"))
    yield months
    client_of(months).query_and_wait(change.format("NULL"))


def test_what_others_wrote_does_nothing_to_a_terminal(hostile: Workspace) -> None:
    assert r"  remarks              a\x1b[2Jb" in page(hostile, "2021-01")


def test_a_month_that_cannot_be_is_one_line(months: Workspace) -> None:
    done = months.tlc("explain", "fhvhv", "2014-01")
    assert done.returncode == 30
    [line] = done.stderr.splitlines()
    assert line.startswith("ERROR TLC publishes no fhvhv month 2014-01")
