"""What becomes of jobs when the sandbox dies: kill -9 in every state a job can be in."""

import io
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud.bigquery import LoadJobConfig, SchemaField, Table
from support.sandbox import RunningSandbox
from support.warehouse import MONTHLY, TIMEOUT, Place, finished

LONG = {"TLC_SANDBOX_JOB_DELAY": "60"}
SCHEMA = [SchemaField("source_month", "DATE"), SchemaField("n", "INT64")]
LOAD = {"schema": SCHEMA, "time_partitioning": MONTHLY, "write_disposition": "WRITE_APPEND"}


@pytest.fixture
def place(own_sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Place]:
    clients = own_sandbox.bigquery(), own_sandbox.storage()
    yield Place(*clients, tmp_path)
    for client in clients:
        client.close()


def rows(*numbers: int) -> dict[str, Any]:
    return {"source_month": pa.array([date(2021, 1, 1)] * len(numbers)), "n": pa.array(numbers)}


def until(job: Any, state: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while job.state != state:
        assert time.monotonic() < deadline, f"{job.job_id} is {job.state}, not {state}"
        time.sleep(0.01)
        job.reload(timeout=TIMEOUT)


def test_a_load_that_was_killed_before_its_commit_is_done_exactly_once_afterwards(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    uri = place.put("a", rows(1, 2))
    own_sandbox.restart(**LONG)
    running, waiting = (place.begin_load(uri, "t", job_id=name, **LOAD) for name in ("j1", "j2"))
    until(running, "RUNNING")
    waiting.reload(timeout=TIMEOUT)
    assert waiting.state == "PENDING"
    own_sandbox.restart()
    for job in (running, waiting):
        assert finished(job).output_rows == 2
    assert place.rows("SELECT COUNT(*) FROM {d}.t") == [(4,)]
    assert place.partitions("t")["202101"][0] == 4
    with pytest.raises(exceptions.Conflict):
        place.begin_load(uri, "t", job_id="j1", **LOAD)


def test_a_truncating_load_that_was_killed_leaves_the_old_rows_until_it_is_done(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    truncate = {**LOAD, "write_disposition": "WRITE_TRUNCATE"}
    place.load(place.put("a", rows(1, 2)), "t$202101", **truncate)
    new = place.put("b", rows(3))
    own_sandbox.restart(**LONG)
    job = place.begin_load(new, "t$202101", **truncate)
    until(job, "RUNNING")
    assert place.rows("SELECT n FROM {d}.t ORDER BY n") == [(1,), (2,)]
    own_sandbox.restart(**LONG)
    assert place.rows("SELECT n FROM {d}.t ORDER BY n") == [(1,), (2,)]
    own_sandbox.restart()
    finished(job)
    assert place.rows("SELECT n FROM {d}.t ORDER BY n") == [(3,)]


def test_dml_that_was_killed_is_done_exactly_once_afterwards(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    place.load(place.put("a", rows(1)), "t", **LOAD)
    own_sandbox.restart(**LONG)
    job = place.client.query(f"UPDATE {place.name}.t SET n = n + 1 WHERE TRUE", timeout=TIMEOUT)
    until(job, "RUNNING")
    own_sandbox.restart()
    assert finished(job).num_dml_affected_rows == 1
    assert place.rows("SELECT n FROM {d}.t") == [(2,)]


def test_an_uploaded_file_outlives_the_process_and_then_is_deleted(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    own_sandbox.restart(**LONG)
    content = io.BytesIO()
    pq.write_table(pa.table(rows(1, 2)), content)
    config = LoadJobConfig(source_format="PARQUET", schema=SCHEMA)
    job = place.client.load_table_from_file(content, place.table("t"), rewind=True, job_config=config)  # fmt: skip # noqa: E501
    until(job, "RUNNING")
    own_sandbox.restart()
    assert finished(job).output_rows == 2
    own_sandbox.stop()
    assert not list((own_sandbox.root / "warehouse" / "uploads").iterdir())


def test_finished_jobs_results_and_views_outlive_the_process(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    load = place.load(place.put("a", rows(*range(100))), "t", **LOAD)
    query = place.query("SELECT n FROM {d}.t ORDER BY n")
    view = Table(place.table("v"))
    view.view_query = f"SELECT n FROM {place.name}.t"
    place.client.create_table(view, timeout=TIMEOUT)
    own_sandbox.restart()
    assert place.rows("SELECT COUNT(*) FROM {d}.v") == [(100,)]
    assert place.client.get_job(load.job_id, timeout=TIMEOUT).output_rows == 100
    again = place.client.get_job(query.job_id, timeout=TIMEOUT).result(page_size=30)
    assert [row.n for row in again] == list(range(100))
    assert [job.job_id for job in place.client.list_jobs(timeout=TIMEOUT)][-1] == load.job_id


def test_a_polite_stop_does_not_wait_for_a_long_job_and_loses_none(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    uri = place.put("a", rows(1, 2))
    own_sandbox.restart(**LONG)
    job = place.begin_load(uri, "t", **LOAD)
    until(job, "RUNNING")
    begun = time.monotonic()
    own_sandbox.stop()
    assert time.monotonic() - begun < 10
    own_sandbox.start()
    assert finished(job).output_rows == 2


def test_while_a_load_runs_jobs_are_taken_and_queries_answered(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    place.load(place.put("a", rows(1)), "t", **LOAD)
    own_sandbox.restart(**LONG)
    job = place.begin_load(place.put("b", rows(2)), "t", **LOAD)
    until(job, "RUNNING")
    begun = time.monotonic()
    assert place.rows("SELECT n FROM {d}.t") == [(1,)]
    assert place.begin_load(place.put("c", rows(3)), "t", **LOAD).state == "PENDING"
    assert place.client.get_table(place.table("t")).num_rows == 1
    assert time.monotonic() - begun < 10


def test_a_cancelled_load_ends_and_changes_nothing(
    own_sandbox: RunningSandbox, place: Place
) -> None:
    place.load(place.put("a", rows(1)), "t", **LOAD)
    own_sandbox.restart(**LONG)
    uri = place.put("b", rows(2))
    jobs = [place.begin_load(uri, "t", **LOAD) for _ in range(2)]
    until(jobs[0], "RUNNING")
    for job in jobs:
        job.cancel(timeout=TIMEOUT)
    for job in jobs:
        until(job, "DONE")
        assert job.error_result["reason"] == "stopped"
    assert place.rows("SELECT n FROM {d}.t") == [(1,)]
