"""Rows, catalog and a job's end are one commit: a fault in the last step undoes the first."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.jobs import JobStore
from pipeline.sandbox.warehouse.warehouse import Warehouse

TARGET = {"projectId": "p", "datasetId": "d", "tableId": "t"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path / "warehouse", lambda bucket, name: tmp_path / name, lambda *_: [])
    made.start()
    with made.database.writing() as cursor:
        cursor.execute("CREATE SCHEMA d")
        made.catalog.save_dataset(cursor, "d", {"id": "p:d", "location": "US"})
    pq.write_table(pa.table({"n": pa.array([1, 2])}), tmp_path / "a")
    yield made
    made.close()


def run_load(warehouse: Warehouse, **config: Any) -> dict[str, Any]:
    load = {"sourceUris": ["gs://b/a"], "sourceFormat": "PARQUET", "destinationTable": TARGET}
    job = warehouse.insert_job("p", {"configuration": {"load": load | config}})
    deadline = time.monotonic() + 20
    while job["status"]["state"] != "DONE":
        assert time.monotonic() < deadline, job["status"]
        time.sleep(0.01)
        job = warehouse.jobs.get("p", job["jobReference"]["jobId"], "US")
    return job


def test_a_job_whose_end_cannot_be_written_leaves_no_rows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = JobStore.finish

    def fails_once(*arguments: Any) -> Any:
        monkeypatch.setattr(JobStore, "finish", finish)
        raise duckdb.IOException("no space left on device")

    monkeypatch.setattr(JobStore, "finish", fails_once)
    failed = run_load(warehouse)
    assert failed["status"]["errorResult"]["message"].endswith("no space left on device")
    with warehouse.database.reading() as cursor:
        assert cursor.execute("FROM _sandbox.tables").fetchall() == []
        assert cursor.execute("FROM _sandbox.partitions").fetchall() == []
    assert run_load(warehouse)["statistics"]["load"]["outputRows"] == "2"


def test_a_defect_ends_the_job_instead_of_leaving_it_running(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.sandbox.warehouse.load.run", broken)
    job = run_load(warehouse)
    assert job["status"]["errorResult"]["reason"] == "internalError"
    assert "ZeroDivisionError" in caplog.text


def test_the_file_opens_with_any_duckdb_when_the_sandbox_is_stopped(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    run_load(warehouse)
    warehouse.database.close()
    with duckdb.connect(str(tmp_path / "warehouse" / "warehouse.duckdb")) as connection:
        assert connection.execute("SELECT sum(n) FROM d.t").fetchall() == [(3,)]


def test_a_used_id_is_refused_without_a_second_job(warehouse: Warehouse) -> None:
    job = run_load(warehouse)
    with pytest.raises(ApiError, match="409"):
        warehouse.jobs.add(job)
