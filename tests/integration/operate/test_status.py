"""``tlc status``: every month that any stage holds, whatever else lies about."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.workspace import BIN, Workspace, client_of

from pipeline.core.months import TripMonth
from pipeline.core.settings import PROJECT_ROOT
from pipeline.operate.month_records import COLUMNS, cells

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def columns(rows: list[dict[str, Any]]) -> dict[str, tuple[object, ...]]:
    """By month: local, in the lake, in BigQuery, rows kept."""
    return {
        f"{row['service']} {row['month']}": (
            row["local"],
            row["lake"] is not None,
            row["bigquery"],
            row["rows_kept"],
        )
        for row in rows
    }


STATES = {
    "yellow 2021-01": ("canonical", True, "loaded", 200),
    "yellow 2021-02": (None, True, None, 200),
    "yellow 2021-03": ("canonical", True, "incomplete", 200),
    "green 2021-01": ("raw", False, None, None),
    "green 2021-02": ("canonical", False, None, 200),
}


def test_each_stage_answers_for_each_month_with_its_provenance(months: Workspace) -> None:
    rows = months.status()
    assert columns(rows) == STATES
    assert [*columns(rows)] == [*STATES]
    for row in rows:
        assert row["rows_in"] == 200
        assert row["source"].endswith(f"/{row['service']}_tripdata_{row['month']}.parquet")
        assert len(row["source_sha256"]) == 64
        assert row["bytes"] > 0
        assert (row["when"] is not None) == (row["bigquery"] is not None)


def test_the_table_has_one_line_per_month(months: Workspace) -> None:
    done = months.tlc("status", "--months")
    assert done.returncode == 0, done.stderr
    heading, _, *lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert heading.split()[:4] == ["month", "bigquery", "lake", "local"]
    shown = [line.split()[:5] for line in lines]
    assert shown == [
        ["yellow", "2021-01", "loaded", "stored", "canonical"],
        ["yellow", "2021-02", "-", "stored", "-"],
        ["yellow", "2021-03", "incomplete", "stored", "canonical"],
        ["green", "2021-01", "-", "-", "raw"],
        ["green", "2021-02", "-", "-", "canonical"],
    ]


def test_the_grid_shows_each_month_and_below_it_what_failed_and_how_to_mend_it(
    months: Workspace,
) -> None:
    done = months.tlc("status", "--services", "green,yellow")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["green", "yellow"]
    assert next(line for line in lines if "2021" in line).split() == [
        "2021",
        "oooooooooooo",
        "#oXooooooooo",
    ]
    below = lines.index("") + 1
    assert [line.split()[1:] for line in lines[below : below + 4]] == [
        ["done", "0", "1"],
        ["stale", "0", "0"],
        ["missing", *lines[below + 2].split()[2:]],
        ["failed", "0", "1"],
    ]
    assert lines[below + 6 : below + 8] == [
        "X failed yellow 2021-03: the ledger has 200 rows, and the partition is gone",
        "  next: luigi --module pipeline LoadMonthToBQ --service yellow --year 2021 --month 3",
    ]
    assert lines[-1].endswith(
        "missing; next: luigi --module pipeline LoadAll --services green,yellow"
    )


def test_json_has_the_verdict_of_every_month_why_and_what_comes_next(months: Workspace) -> None:
    done = months.tlc("status", "--to", "lake", "--format", "json")
    told = {(row["service"], row["month"]): row for row in json.loads(done.stdout)}
    assert len(told) > 589
    seen = [told["yellow", key] for key in ("2021-03", "2021-04")]
    assert [(row["verdict"], row["why"], row["next"]) for row in seen] == [
        ("done", "200 rows", None),
        ("missing", "nowhere yet", "luigi --module pipeline UploadMonthToGCS --service yellow "
                                   "--year 2021 --month 4"),
    ]  # fmt: skip
    assert seen[0]["lake"].startswith("gs://tlc-lake/")
    assert seen[1]["lake"] is None


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_verdicts_are_coloured_where_the_terminal_knows_colours(
    months: Workspace, kind: str
) -> None:
    told = written_to_a_terminal(months, kind, 80, "status")
    assert bool(STYLE.search(told)) == (kind == "xterm")
    lines = STYLE.sub("", told).splitlines()
    assert max(map(len, lines[: lines.index("")])) <= 80


def test_five_months_cost_one_listing_and_one_query(months: Workspace) -> None:
    log = months.data / "sandbox" / "server.log"
    before = len(log.read_text().splitlines())
    assert len(months.status()) == 5
    asked = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()[before:]]
    assert len(asked) == 2, asked
    assert asked[0].startswith("POST /bigquery/v2/projects/tlc-sandbox/queries")
    assert asked[1].startswith("GET /storage/v1/b/tlc-lake/o?")


@pytest.mark.parametrize(
    ("kind", "width", "shown"), [("xterm", 80, 6), ("xterm", 81, 7), ("dumb", 100, 8)]
)
def test_a_narrow_terminal_shows_the_leading_columns_unfolded(
    months: Workspace, kind: str, width: int, shown: int
) -> None:
    lines = [
        line for line in on_a_terminal(months, kind, width, "status", "--months") if line.strip()
    ]
    assert re.split(r"\s{2,}", lines[0].strip()) == [*COLUMNS[:shown]]
    assert len(lines) == 2 + len(STATES)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


def on_a_terminal(place: Workspace, kind: str, width: int, *words: str) -> list[str]:
    return STYLE.sub("", written_to_a_terminal(place, kind, width, *words)).splitlines()


def written_to_a_terminal(place: Workspace, kind: str, width: int, *words: str) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {**place.environment, "TERM": kind}
    for size in ("COLUMNS", "LINES"):
        environment.pop(size, None)
    command = subprocess.Popen(
        [BIN / "tlc", *words], cwd=PROJECT_ROOT, env=environment, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    told = b"".join(until_closed(ours))
    os.close(ours)
    assert command.wait(timeout=30) == 0, told
    return told.decode()


def until_closed(terminal: int) -> Iterator[bytes]:
    try:
        while piece := os.read(terminal, 65536):
            yield piece
    except OSError:  # how Linux tells a terminal's end
        return


@pytest.fixture
def with_rubbish(months: Workspace) -> Iterator[Workspace]:
    """Files and objects that are no months, and months that are no whole files."""
    month = TripMonth("yellow", 2021, 5)
    damaged = {
        month.raw_path(months.data): b"PAR1 cut sh",
        month.raw_path(months.data).with_suffix(".parquet.json"): b"{ not json",
        TripMonth("yellow", 2021, 6).canonical_path(months.data): b"no parquet",
        TripMonth("yellow", 2021, 8).raw_path(months.data).with_suffix(".parquet.part"): b"PAR1",
        months.data / "raw" / "readme.txt": b"hello",
        months.data / "raw" / "service=purple" / "month=2021-01" / "x.parquet": b"x",
        months.data / "raw" / "service=yellow" / "month=2021-13" / "x.parquet": b"x",
        months.data / "raw" / "service=yellow" / "month=2021-1" / "x.parquet": b"x",
        months.data / "canonical" / "service=yellow" / "month=²" / "x": b"x",
    }
    for path, content in damaged.items():
        write(path, content)
    names = ["trips/readme.txt", "trips/service=yellow/month=2021-07/notes.txt", "trips//a/b/c/"]
    names += [TripMonth("yellow", 2021, n).quarantine_object_name for n in (2, 9)]
    bucket = storage_of(months).bucket("tlc-lake")
    for name in names:
        bucket.blob(name).upload_from_string(b"hello")
    ledger = client_of(months).query_and_wait
    ledger("INSERT INTO nyc_tlc._loads (service, job_id) VALUES ('zones', 'job')")
    yield months
    ledger("DELETE FROM nyc_tlc._loads WHERE service = 'zones'")
    for path in damaged:
        path.unlink()
    for name in names:
        bucket.delete_blob(name)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def storage_of(place: Workspace):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    return storage.Client(
        project="tlc-sandbox",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": place.sandbox.url},
    )


def test_what_is_no_month_is_passed_over_and_what_is_not_whole_is_said(
    with_rubbish: Workspace,
) -> None:
    broken = {f"yellow 2021-{n}": ("incomplete", False, None, None) for n in ("05", "06", "08")}
    assert columns(with_rubbish.status()) == STATES | broken


@pytest.fixture
def remarked(months: Workspace) -> Iterator[Workspace]:
    """A loaded month that is worth a remark, and has a column of its own."""
    change = "UPDATE nyc_tlc._loads SET remarks = {}, added_columns = {} WHERE month = '2021-01-01'"
    ledger = client_of(months).query_and_wait
    ledger(change.format(f"'{REMARK}'", "'tip_jar int64'"))
    yield months
    ledger(change.format("NULL", "NULL"))


REMARK = "differs from 2026-10: 39,156 -> 44,163"


def test_what_is_worth_knowing_about_a_month_is_told_and_the_table_has_its_beginning(
    remarked: Workspace,
) -> None:
    rows = remarked.status()
    told = [(row["remarks"], row["added_columns"]) for row in rows]
    assert told == [(REMARK, "tip_jar int64"), *[(None, None)] * 4]
    shown = [cells(row)[COLUMNS.index("remarks")] for row in rows]
    assert shown == ["differs from 2026-10: 39,1 ...", *[None] * 4]


def test_with_no_month_the_next_command_is_told(workspace: Workspace) -> None:
    done = workspace.run("tlc", "status", "--months")
    assert done.stdout.startswith("no month yet; next: luigi --module pipeline LoadMonthToBQ")


def test_an_unreachable_service_is_one_line_that_names_it(workspace: Workspace) -> None:
    workspace.set("connection:sandbox", endpoint="http://127.0.0.1:9", timeout=1)
    done = workspace.tlc("status")
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR BigQuery failed asking tlc-sandbox.nyc_tlc")
