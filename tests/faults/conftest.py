"""What the crash tests share: a load's whole outcome, asked of the services themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from support.workspace import Workspace

TRIPS = "SELECT COUNT(*) AS n FROM yellow_trips WHERE source_month = DATE '2021-01-01'"
LEDGER = "SELECT service, rows_kept FROM _loads"


class Outcome:
    """What a workspace's sandbox holds."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def clients(self) -> tuple[Any, Any]:
        assert self.workspace.sandbox is not None
        options: dict[str, Any] = {
            "project": "tlc-sandbox",
            "credentials": AnonymousCredentials(),
            "client_options": {"api_endpoint": self.workspace.sandbox.url},
        }
        return storage.Client(**options), bigquery.Client(**options)

    def load_jobs(self) -> list[Any]:
        """The jobs that loaded trips; not those that wrote the ledger."""
        _, client = self.clients()
        jobs = [job for job in client.list_jobs() if job.job_type == "load"]
        return [job for job in jobs if job.job_id.startswith("tlc_") and "ledger" not in job.job_id]

    def assert_loaded_once(self, rows: int) -> None:
        bucket, warehouse = self.clients()
        assert self.workspace.query(TRIPS) == [{"n": rows}]
        assert self.workspace.query(LEDGER) == [{"service": "yellow", "rows_kept": rows}]
        assert self.workspace.litter() == []
        assert [blob.name for blob in bucket.list_blobs("tlc-lake")] == [
            "trips/service=yellow/month=2021-01/yellow_tripdata_2021-01.parquet"
        ]
        tables = {table.table_id for table in warehouse.list_tables("tlc-sandbox.nyc_tlc")}
        assert tables == {"yellow_trips", "_loads"}
        assert not [path for path in self.workspace.data.rglob("*upload*") if path.is_file()]


@pytest.fixture
def outcome(workspace: Workspace) -> Outcome:
    return Outcome(workspace)


@pytest.fixture
def repository() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture
def killed_at(workspace: Workspace) -> Callable[[str], int]:
    """Run the main job in a worker that is killed at a moment; return its exit code."""

    def run(moment: str) -> int:
        arguments = workspace.command("--year", 2021, "--month", 1)[1:]
        workspace.variables["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        done = workspace.run("python", "-m", "support.dying_worker", moment, *arguments)
        return done.returncode

    return run
