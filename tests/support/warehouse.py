"""A dataset and a bucket of a test's own, in the sandbox or in the real services."""

import time
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

TIMEOUT = 20.0
RETRY = bigquery.DEFAULT_RETRY.with_timeout(TIMEOUT)
MONTHLY = bigquery.TimePartitioning(type_="MONTH", field="source_month")


class Place:
    """Clients with a dataset and a bucket; ``close`` deletes both."""

    def __init__(self, client: Any, storage: Any, folder: Path, location: str = "US") -> None:
        self.client, self.folder, self.location = client, folder, location
        self.name = f"contract_{uuid.uuid4().hex[:16]}"
        dataset = bigquery.Dataset(f"{client.project}.{self.name}")
        dataset.location = location
        client.create_dataset(dataset, timeout=TIMEOUT)
        self.bucket = storage.create_bucket(self.name.replace("_", "-"), location=location)

    def close(self) -> None:
        self.client.delete_dataset(self.name, delete_contents=True, timeout=TIMEOUT)
        self.bucket.delete(force=True)

    def table(self, name: str) -> str:
        return f"{self.client.project}.{self.name}.{name}"

    def put(self, name: str, columns: "dict[str, Any] | pa.Table") -> str:
        """Upload a parquet file; return its URI."""
        file = self.folder / f"{uuid.uuid4().hex}.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), file)
        self.bucket.blob(name).upload_from_filename(str(file), retry=None, timeout=TIMEOUT)
        return f"gs://{self.bucket.name}/{name}"

    def begin_load(self, uris: "str | list[str]", table: str, **options: Any) -> Any:
        ids = {key: options.pop(key) for key in ("job_id", "location") if key in options}
        config = bigquery.LoadJobConfig(source_format="PARQUET", **options)
        return self.client.load_table_from_uri(
            uris, self.table(table), job_config=config, timeout=TIMEOUT, retry=RETRY, **ids
        )

    def load(self, uris: "str | list[str]", table: str, **options: Any) -> Any:
        """Load and wait; raise what the job failed with."""
        return finished(self.begin_load(uris, table, **options))

    def copy(self, source: str, target: str, **options: Any) -> Any:
        config = bigquery.CopyJobConfig(**options)
        return finished(
            self.client.copy_table(
                self.table(source), self.table(target), job_config=config, timeout=TIMEOUT
            )
        )

    def query(self, sql: str, **options: Any) -> Any:
        """Run ``sql``, in which ``{d}`` is the dataset, as a job; return the finished job."""
        config = bigquery.QueryJobConfig(**options)
        job = self.client.query(
            sql.replace("{d}", self.name), job_config=config, timeout=TIMEOUT, retry=RETRY
        )
        return finished(job)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in which ``{d}`` is the dataset."""
        text = sql.replace("{d}", self.name)
        found = self.client.query_and_wait(text, location=self.location, retry=RETRY)
        return [tuple(row.values()) for row in found]

    def partitions(self, table: str) -> dict[str, tuple[int, Any]]:
        """Return rows and time of last change by partition id."""
        found = self.rows(
            "SELECT partition_id, total_rows, last_modified_time "
            f"FROM {{d}}.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = '{table}'"
        )
        return {partition: (rows, modified) for partition, rows, modified in found}


def finished(job: Any) -> Any:
    """Wait, asking often, and return the job; raise what it failed with."""
    deadline = time.monotonic() + 60
    while not job.done(retry=RETRY, timeout=TIMEOUT):
        assert time.monotonic() < deadline, f"{job.job_id} is still {job.state}"
        time.sleep(0.01)
    job.result(retry=RETRY, timeout=TIMEOUT)
    return job
