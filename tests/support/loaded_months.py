"""Months that are there as far as ledger, partitions and lake tell, without their rows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import LEDGER, LEDGER_COLUMNS, dataset_path, table_path
from pipeline.bigquery.ledger import Load
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import bigquery_client, storage_client
from pipeline.core import settings
from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.outcomes import Outcome, note
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket
from pipeline.schemas import published_files, service_schema

COUNTERS = "duplicate_rows=1 negative_fare=1 outside_month=1 unknown_zone=1"
TASKS = ("DownloadMonth", "NormalizeMonth", "UploadMonthToGCS", "LoadMonthToBQ")
WHEN = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAMPLE = Provenance(
    service="",
    month="",
    source_url="http://127.0.0.1/",
    source_etag='"etag"',
    source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
    source_bytes=100,
    source_sha256="ab" * 32,
    source_rows=1,
).normalized(kept=1, quarantined=0, schema_version="v1")


def fill(months: Iterable[TripMonth], **changes: Any) -> None:
    """Put one row into each month's partition, and one into the ledger; not twice the same.

    ``changes`` are to the months' provenance.
    """
    from google.cloud.bigquery import LoadJobConfig, SchemaField

    months = list(months)
    for service in SERVICES:
        ensure_tables(service)
        if days := [f"('{month.first_day}')" for month in months if month.service == service]:
            table = f"`{dataset_path()}.{service}_trips`"
            insert = f"INSERT INTO {table} (source_month) VALUES {', '.join(days)}"
            bigquery_client().query_and_wait(insert)
    schema = [SchemaField(name, kind) for name, kind, _ in LEDGER_COLUMNS]
    bigquery_client().load_table_from_json(
        [ledger._as_row(_load(month, changes)) for month in months],
        table_path(LEDGER),
        job_config=LoadJobConfig(schema=schema, write_disposition="WRITE_APPEND"),
    ).result()
    ledger.forget()


def store(*months: TripMonth, **changes: Any) -> None:
    """Put objects with the months' names and provenance, and no rows, into the lake."""
    client, name = storage_client(), settings.lake().bucket
    place = client.lookup_bucket(name) or client.create_bucket(name)
    for month in months:
        blob = place.blob(month.object_name)
        blob.metadata = provenance_of(month, **changes).to_metadata()
        blob.upload_from_string(b"PAR1")
    bucket.forget()


def provenance_of(month: TripMonth, **changes: Any) -> Provenance:
    """Return the provenance of a sample of one row."""
    version = service_schema(month.service).version
    own = {"service": month.service, "month": month.key, "schema_version": version}
    return replace(SAMPLE, **{**own, **changes})


def _load(month: TripMonth, changes: Mapping[str, Any]) -> Load:
    provenance = provenance_of(month, **changes)
    return Load(provenance, f"job_{month.table_name}_{month.key}", WHEN, "gs://lake/", 1, None)


def main() -> None:
    """Fill warehouse, lake and outcomes of the settings with every published month they lack."""
    from pipeline import LoadAll

    LoadAll()  # A task reads the profile.
    lacking = [month for month in published_files() if ledger.find(month) is None]
    fill(lacking, counters=COUNTERS)
    store(*lacking, counters=COUNTERS)
    for month, task in product(lacking, TASKS):
        note(Outcome("run", WHEN.isoformat(), task, month.service, month.key, "done", 12.5, 1))


if __name__ == "__main__":
    main()
