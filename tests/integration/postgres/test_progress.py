"""What a terminal and the dashboard show of a load: how far it is, and for whom it waits."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.luigid import Luigid
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core import pipeline_task
from pipeline.core.months import TripMonth
from pipeline.core.settings import PROJECT_ROOT
from pipeline.postgres.task import LoadMonthToPostgres

ROWS = 600_000


def test_a_long_load_tells_its_rows_and_bytes_in_the_log_now_and_then(place, monkeypatch, caplog):
    caplog.set_level("INFO", "pipeline")
    monkeypatch.setattr(pipeline_task, "LOG_SECONDS", 0)
    place.canonical(TripMonth("yellow", 2021, 1), 20_000)
    LoadMonthToPostgres(year=2021, month=1).run()
    told = [text for text in caplog.messages if " sent" in text]
    assert told == [
        "yellow 2021-01: 66 %: 16,384 of 20,000 rows, 2.1 MB sent",
        "yellow 2021-01: 80 %: 20,000 of 20,000 rows, 2.1 MB sent",
    ]


@pytest.fixture
def luigid(tmp_path):
    running = Luigid(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def at_a_terminal(place, luigid, tmp_path):
    """Load a file in the place of a table, at a terminal; return the process and its terminal."""
    place.query("CREATE TABLE {s}.trips (n bigint)")
    many = pa.array([1]).take(pa.nulls(ROWS, pa.int32()).fill_null(0))
    pq.write_table(pa.table({"n": many}), tmp_path / "many.parquet")
    words = f"--url {tmp_path}/many.parquet --table-name trips --existing replace"
    words += f" --scheduler-port {luigid.port}"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("luigi"), "--module", "pipeline", "IngestUrlToPostgres",
         *words.split()],
        cwd=PROJECT_ROOT, env=place.environment(), stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    yield process, ours
    process.kill()
    process.wait()
    os.close(ours)


def test_dashboard_and_terminal_tell_how_far_a_load_is_and_for_whom_it_waits(
    place, luigid, at_a_terminal
):
    process, terminal = at_a_terminal

    def shown():
        task = luigid.tasks().get("IngestUrlToPostgres", {})
        told = task and luigid.ask("get_task_status_message", task_id=task["id"])["statusMessage"]
        return task.get("status"), task.get("progress_percentage"), told

    with engine(place.server.database).connect() as reader:
        reader.exec_driver_sql(f"LOCK TABLE {place.schema}.trips IN ACCESS SHARE MODE")
        seen = wait_until(lambda: (now := shown())[2] and "waiting" in now[2] and now)
    assert 0 < seen[1] < 100
    assert f"trips: waiting for {place.schema}.trips, locked by process" in seen[2]
    assert process.wait(20) == 0
    assert shown() == ("DONE", 100, f"trips: {ROWS:,} rows")
    text = os.read(terminal, 1 << 16).decode()
    assert f"trips: waiting for {place.schema}.trips, locked by process" in text
    assert f"trips: loaded {ROWS:,} rows of many.parquet" in text
