"""Ctrl-C and SIGTERM to the commands themselves: told in a line, and nothing is left at work."""

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.waiting import wait_until

from pipeline.connections.postgres import engine
from pipeline.core.settings import PROJECT_ROOT

BIN = Path(sys.executable).parent
MANY = 6_000_000
TASK = ["luigi", "--module", "pipeline", "IngestUrlToPostgres", "--local-scheduler"]
COMMANDS = {
    "tlc": ["tlc", "ingest", "--replace"],
    "one_worker": [*TASK, "--existing", "replace"],
    "two_workers": [*TASK, "--existing", "replace", "--workers", "2"],
}
COPYING = "SELECT 1 FROM pg_stat_progress_copy WHERE datname = current_database()"
WAITING = (
    "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE NOT granted AND mode = 'AccessExclusiveLock' AND datname = current_database()"
)
OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'tlc-pipeline'"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def command(place, tmp_path):
    """Begin to replace a table of one row by a file; one of many rows takes seconds."""
    place.query("CREATE TABLE {s}.trips (n bigint)")
    place.query("INSERT INTO {s}.trips VALUES (7)")
    running = []

    def begin(name, rows=MANY):
        ones = pa.array([1]).take(pa.nulls(rows, pa.int32()).fill_null(0))
        pq.write_table(pa.table({"n": ones, "m": ones}), tmp_path / "many.parquet")
        words = [*COMMANDS[name], "--url", str(tmp_path / "many.parquet"), "--table-name", "trips"]
        process = subprocess.Popen(
            [BIN / words[0], *words[1:]],
            cwd=PROJECT_ROOT,
            env=place.environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def assert_nothing_happened(place, process, how):
    told = process.communicate(timeout=10)[1]
    assert process.returncode not in (0, None)
    assert "Traceback" not in told and len(told.splitlines()) <= 3, told
    if "luigi" in str(process.args[0]):
        assert f"ended by {how.name}; next: run the same command again" in told
    wait_until(lambda: not place.query(OTHERS), 10)
    assert place.query("SELECT n FROM {s}.trips") == [(7,)]
    assert place.query("SELECT count(*) FROM {s}._loads") == [(0,)]
    assert "trips_new" not in place.tables()


@pytest.mark.parametrize(
    ("name", "how"), [("one_worker", signal.SIGINT), ("two_workers", signal.SIGTERM)]
)
def test_a_run_that_is_ended_in_mid_copy_leaves_nothing_at_work(place, command, name, how):
    process = command(name)
    wait_until(lambda: place.query(COPYING))
    process.send_signal(how)
    assert_nothing_happened(place, process, how)


def test_a_command_that_is_ended_while_it_waits_leaves_nothing_at_work(place, command):
    with engine(place.server.database).connect() as reader:
        reader.exec_driver_sql(f"LOCK TABLE {place.schema}.trips IN ACCESS SHARE MODE")
        process = command("tlc", rows=10)
        wait_until(lambda: place.query(WAITING))
        process.send_signal(signal.SIGINT)
        reader.rollback()
        process.wait(10)
    assert_nothing_happened(place, process, signal.SIGINT)
