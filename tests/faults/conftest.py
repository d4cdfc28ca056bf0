"""What the crash tests share: a load's whole outcome, asked of the services themselves."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from support.workspace import Workspace

from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.provenance import Provenance

JANUARY = TripMonth("yellow", 2021, 1)
TABLES = {"_loads", "taxi_zones", "trips", "trips_with_zones"}
TABLES |= {f"{service}_trips" for service in SERVICES}
LEDGER = "SELECT * FROM nyc_tlc._loads ORDER BY service, month"


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
        self.assert_holds({JANUARY: rows})

    def assert_holds(self, months: dict[TripMonth, int]) -> None:
        """Assert that exactly these rows of these months are everywhere, once, and nothing else."""
        bucket, warehouse = self.clients()
        stored = {blob.name: blob for blob in bucket.list_blobs("tlc-lake")}
        assert set(stored) == {month.object_name for month in months}
        tables = {table.table_id for table in warehouse.list_tables("tlc-sandbox.nyc_tlc")}
        assert tables == TABLES
        ledger = [dict(row) for row in warehouse.query_and_wait(LEDGER)]
        assert [(row["service"], f"{row['month']:%Y-%m}") for row in ledger] == sorted(
            (month.service, month.key) for month in months
        )
        for row in ledger:
            month = TripMonth.parse(row["service"], f"{row['month']:%Y-%m}")
            self._assert_same_rows(month, months[month], warehouse)
            self._assert_same_provenance(month, row, stored[month.object_name])
        self._assert_status(months)
        self._assert_no_litter()

    def _assert_same_rows(self, month: TripMonth, rows: int, warehouse: Any) -> None:
        """Compare the partition with the canonical file: its row count, and a sum over all rows."""
        [stored] = warehouse.query_and_wait(
            f"SELECT COUNT(*) AS n, SUM(PULocationID) AS zones FROM nyc_tlc.{month.table_name} "
            f"WHERE source_month = DATE '{month.first_day}'"
        )
        canonical = pq.read_table(month.canonical_path(self.workspace.data), partitioning=None)
        zones = pc.sum(canonical["PULocationID"]).as_py()
        assert (stored["n"], stored["zones"]) == (len(canonical), zones)
        assert len(canonical) == rows

    def _assert_same_provenance(self, month: TripMonth, row: dict[str, Any], blob: Any) -> None:
        footer = pq.read_metadata(month.canonical_path(self.workspace.data)).metadata
        local = Provenance.from_metadata(
            {key.decode(): text.decode() for key, text in footer.items()}
        )
        assert local is not None
        assert Provenance.from_metadata(blob.metadata) == local
        told = {name: str(value) for name, value in asdict(local).items() if name != "month"}
        assert {name: str(row[name]) for name in told} == told
        assert row["object_generation"] == blob.generation

    def _assert_status(self, months: dict[TripMonth, int]) -> None:
        told = {(row["service"], row["month"]): row for row in self.workspace.status()}
        assert told.keys() == {(month.service, month.key) for month in months}
        for month, rows in months.items():
            row = told[month.service, month.key]
            assert (row["local"], row["bigquery"], row["rows_kept"]) == (
                "canonical",
                "loaded",
                rows,
            )

    def _assert_no_litter(self) -> None:
        assert self.workspace.litter() == []
        assert not [path for path in self.workspace.data.rglob("*upload*") if path.is_file()]


@pytest.fixture
def outcome(workspace: Workspace) -> Outcome:
    return Outcome(workspace)


@pytest.fixture
def repository() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture
def killed_at(workspace: Workspace) -> Callable[..., int]:
    """Run the main job in a worker that is killed at a moment; return its exit code."""

    def run(moment: str, *options: str) -> int:
        arguments = workspace.command("--year", 2021, "--month", 1, *options)[1:]
        workspace.variables["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        done = workspace.run("python", "-m", "support.dying_worker", moment, *arguments)
        return done.returncode

    return run
