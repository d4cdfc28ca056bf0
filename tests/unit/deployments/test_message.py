"""What a message about a run says."""

import shlex
from pathlib import Path

import pytest

from pipeline.core.outcomes import Outcome, Result
from pipeline.core.settings import PROJECT_ROOT
from pipeline.deployments.message import LONGEST, MOST_MONTHS, Message, message, months_of
from pipeline.deployments.records import RunRecord

AT = "2026-11-23T01:15:02+00:00"
LOAD = "LoadMonthToBQ"


def outcome(
    task: str, month: str = "2026-01", result: Result = "done", **more: str | float
) -> Outcome:
    keys = {"service": "yellow", "seconds": 1.5, "rows": 1000, **more}
    return Outcome("20261123-011502-3f9a01bc", AT, task, month=month, result=result, **keys)


def told(*outcomes: Outcome, code: int = 0, result: str = "done", cause: str = "", **change: str):
    record = RunRecord("monthly", "v", ["pipeline", "LoadPublished"], True, AT,
                       "2026-11-23T01:17:02+00:00", 2, code, result, cause, 0, 0,
                       "20261123-011502-3f9a01bc")  # fmt: skip
    months = months_of(outcomes, LOAD)
    return message(record, months, Path("/srv/a.log"), lambda service, month: change.get(service))


def section(sent: Message, kind: str) -> list[str]:
    """The lines below a heading."""
    lines = sent.body.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{kind} ("))
    return [line.strip() for line in lines[start + 1 : lines.index("", start)]]


def test_a_loaded_month_has_the_rows_of_its_load_and_the_time_of_all_its_stages():
    stages = [outcome("DownloadMonth", rows=7), outcome("NormalizeMonth", rows=8)]
    sent = told(*stages, outcome(LOAD, seconds=60, link="https://c/job"))
    assert sent.title == "monthly: done, 1 loaded"
    assert section(sent, "loaded") == ["yellow 2026-01: 1,000 rows in 0:01:03 https://c/job"]
    assert "run 20261123-011502-3f9a01bc on " in sent.body
    assert "done (exit code 0, tried 2 times) after 0:02:00\nlog: /srv/a.log" in sent.body
    assert "run again" not in sent.body


def test_a_replaced_month_tells_what_changed():
    sent = told(outcome(LOAD), outcome(LOAD, service="green"), green="+5,007 rows")
    assert sent.title == "monthly: done, 1 loaded, 1 replaced"
    assert section(sent, "replaced") == ["green 2026-01: 1,000 rows in 1.5 s", "+5,007 rows"]


def test_a_failed_month_has_its_cause_its_link_and_the_command_to_run_it_again():
    failed = outcome("NormalizeMonth", result="failed", told="too many rows", link="file:///x")
    sent = told(outcome("DownloadMonth"), failed, code=30, result="failed", cause="too many rows")
    assert sent.title == "monthly: failed, 1 failed"
    assert section(sent, "failed") == [
        "yellow 2026-01 at NormalizeMonth after 3.0 s:",
        "too many rows",
        "file:///x",
        "luigi --module pipeline LoadMonthToBQ --service yellow --year 2026 --month 1",
    ]
    assert sent.body.count("too many rows") == 1
    again = next(line for line in sent.body.splitlines() if line.startswith("run again: "))
    words = shlex.split(again.removeprefix("run again: "))
    assert words[:3] == ["cd", str(PROJECT_ROOT), "&&"]
    assert words[-2:] == ["run", "monthly"] and words[-3].endswith("/bin/tlc")


def test_the_profile_is_part_of_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIPELINE_PROFILE", "gcp")
    sent = told(code=40, result="crashed", cause="no memory")
    assert f"run again: cd {PROJECT_ROOT} && PIPELINE_PROFILE=gcp " in sent.body
    assert "  no memory" in sent.body.splitlines()


def test_what_a_later_try_brought_has_not_failed():
    sent = told(outcome("DownloadMonth", result="failed"), outcome("DownloadMonth"), outcome(LOAD))
    assert sent.title == "monthly: done, 1 loaded"


def test_what_got_no_further_than_an_earlier_stage_is_not_named():
    assert told(outcome("DownloadMonth")).title == "monthly: done"


def test_months_that_are_not_published_are_named():
    sent = told(outcome("PublishedMonth", result="not published"))
    assert section(sent, "not published") == ["yellow 2026-01"]


def test_of_many_months_the_first_are_named_and_the_others_counted():
    months = [f"{year}-{month:02d}" for year in range(2009, 2059) for month in range(1, 13)]
    long = "x" * 5000
    sent = told(*(outcome(LOAD, month, "failed", told=long, link=long[:100]) for month in months))
    assert sent.title == "monthly: done, 600 failed"
    lines = section(sent, "failed")
    assert lines[0].startswith("yellow 2009-01 ")
    assert lines[-1] == f"and {600 - MOST_MONTHS} more"
    assert len(sent.body) < MOST_MONTHS * (LONGEST + 400) + 1000


def test_the_zones_are_named_with_their_own_command():
    record = outcome("LoadZones", "", "failed", service="zones")
    sent = told(record)
    assert section(sent, "failed")[0].startswith("zones at LoadZones")


@pytest.mark.parametrize(
    ("publisher", "is_told"),
    [("http://127.0.0.1:1/trips", True), ("http://me:secret@127.0.0.1/trips", False)],
)
def test_a_months_command_asks_the_publisher_that_the_run_asked(monkeypatch, publisher, is_told):
    monkeypatch.setenv("TLC_BASE_URL", publisher)
    body = told(outcome(LOAD, result="failed"), code=30, result="failed").body
    assert (f"export TLC_BASE_URL={publisher}" in body) is is_told
    assert "secret" not in body
