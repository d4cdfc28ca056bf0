"""Records of runs on their way from a host into BigQuery and Postgres, and back out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.configuration import forget_everything
from support.postgres_place import Place
from support.sandbox import RunningSandbox

from pipeline.core.outcomes import runs_dir
from pipeline.deployments.records import AGENT, RunRecord, append
from pipeline.history import bigquery, outbox, postgres
from pipeline.history.past import past
from pipeline.operate.cli import tlc

BEGAN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def record(deployment: str = "monthly", minutes: int = 0, to: str = "bigquery") -> RunRecord:
    began = BEGAN + timedelta(minutes=minutes)
    command = ["python", "-m", "luigi", "--module", "pipeline", "LoadPublished", f"--to={to}"]
    ended = (began + timedelta(seconds=30)).isoformat()
    return RunRecord(deployment, "v", [*command, "--workers=2"], True, began.isoformat(), ended,
                     1, 30, "failed", "a month's reason", 3, 1)  # fmt: skip


@pytest.fixture
def dataset(configured: Path) -> None:
    from pipeline.bigquery.tables import ensure_tables

    ensure_tables("yellow")


def told() -> list[str]:
    warnings: list[str] = []
    runs = past(10, lambda error: warnings.append(str(error)))
    assert not warnings
    return [run.deployment or run.task for run in runs]


@pytest.mark.usefixtures("dataset")
def test_a_run_is_sent_once_and_shown_as_it_was():
    append(record())
    outbox.send()
    outbox.send()
    (runs_dir() / "monthly.sent").unlink()
    append(record(minutes=1))
    outbox.send()
    _, sent = bigquery.read(10)
    assert (sent.deployment, sent.asked_by, sent.task) == ("monthly", "schedule", "LoadPublished")
    assert (sent.parameters, sent.code, sent.told) == ("--to=bigquery", 30, "a month's reason")
    assert (sent.months_loaded, sent.months_failed) == (3, 1)
    assert (sent.started, sent.ended) == (BEGAN, BEGAN + timedelta(seconds=30))
    assert sent.host
    assert not outbox.waiting()


@pytest.mark.usefixtures("dataset")
def test_the_newest_runs_of_deployments_and_agents_come_first():
    for minutes, name in enumerate(("first", AGENT, "last")):
        append(record(name, minutes))
    assert told() == ["last", "LoadPublished", "first"]
    outbox.send()
    assert told() == ["last", "LoadPublished", "first"]
    assert [run.deployment for run in past(1, print)] == ["last"]
    table = CliRunner().invoke(tlc, ["history", "--limit", "2"]).output
    assert "failed (30)" in table and "last" in table and "first" not in table


def test_what_cannot_be_sent_waits_and_is_shown_and_is_sent_with_the_next(
    configured: Path,
    sandbox: RunningSandbox,
    setting: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
):
    from pipeline.bigquery.tables import ensure_tables

    append(record("early"))
    caplog.set_level("INFO")
    outbox.send()
    assert not caplog.messages
    assert told() == ["early"]
    setting("connection:sandbox", endpoint="http://127.0.0.1:1", timeout="1")
    forget_everything()
    outbox.send()
    (line,) = [text for text in caplog.messages if "is kept here" in text]
    assert len(line.splitlines()) == 1
    setting("connection:sandbox", endpoint=sandbox.url, timeout="20")
    forget_everything()
    ensure_tables("yellow")
    append(record("late", minutes=1))
    outbox.send()
    assert [run.deployment for run in bigquery.read(10)] == ["late", "early"]


@pytest.mark.usefixtures("dataset")
def test_a_line_that_a_full_disk_cut_short_is_passed_over():
    append(record("whole"))
    with (runs_dir() / "whole.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"deployment": "cut\n{"deployment": "not ended')
    outbox.send()
    assert told() == ["whole"]


def test_a_run_that_loads_into_postgres_is_kept_there(place: Place):
    append(record("monthly-postgres", to="postgres"))
    outbox.send()
    (runs_dir() / "monthly-postgres.sent").unlink()
    outbox.send()
    (sent,) = postgres.read(10)
    assert (sent.deployment, sent.parameters) == ("monthly-postgres", "--to=postgres")
    assert sent.started == BEGAN
    assert not outbox.waiting()


@pytest.mark.usefixtures("configured")
def test_a_store_that_does_not_answer_is_waited_for_once_and_the_rest_is_shown(setting):
    setting("connection:sandbox", endpoint="http://127.0.0.1:1", timeout="1")
    forget_everything()
    append(record())
    warnings: list[str] = []
    (shown,) = past(10, lambda error: warnings.append(str(error)))
    assert shown.deployment == "monthly"
    (warning,) = warnings
    assert "BigQuery failed reading the history of runs" in warning
