"""What of a month has arrived where: on disk, in the lake, in the warehouse; all of it, or nothing.

Belongs here: assertions about this process's configured places. Not here: what the month should
be (``judged_months.py``).
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from support.judged_months import Judgement

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import dataset_path, table_path
from pipeline.connections.google import bigquery_client, storage_client
from pipeline.core import settings
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema


def assert_normalized(month: TripMonth, judgement: Judgement | None) -> None:
    """Assert that the canonical month is whole, and as it was judged, if it was."""
    target = CanonicalMonthTarget(month, settings.data_dir())
    record = target.provenance()
    canonical = pq.read_table(target.path, partitioning=None)
    canonical.validate(full=True)
    refused = quarantine(target)
    assert record.source_rows == len(canonical) + len(refused)
    schema = service_schema(month.service).extended(record.added_columns)
    assert canonical.schema.equals(schema.arrow_schema())
    if judgement is not None:
        assert_as_judged(canonical, refused, judgement)
    assert not [*settings.data_dir().rglob("*.part")]


def assert_loaded(month: TripMonth) -> None:
    """Assert that the canonical month is in the lake and the warehouse, the same everywhere."""
    target = CanonicalMonthTarget(month, settings.data_dir())
    assert_in_lake(month, target.provenance())
    canonical = pq.read_table(target.path, partitioning=None)
    assert_in_warehouse(month, canonical, target.provenance())


def quarantine(target: CanonicalMonthTarget) -> dict[int, tuple[str, str]]:
    """Return the reason and the column of each row in quarantine, by its number in the file."""
    if not target.quarantine_path.exists():
        return {}
    table = pq.read_table(target.quarantine_path, partitioning=None)
    table.validate(full=True)
    names = ("source_row", "reason", "column")
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return {row: (reason, column) for row, reason, column in rows}


def assert_as_judged(
    canonical: pa.Table, refused: dict[int, tuple[str, str]], judgement: Judgement
) -> None:
    assert refused == judgement.quarantined, f"{judgement.quarantined} meant, {refused} refused"
    assert canonical.column_names[1:] == [*judgement.columns], canonical.column_names
    for name, values in judgement.columns.items():
        column = canonical.column(name)
        is_count = pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)
        if is_count:
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        found = column.to_pylist()
        if repr(found) != repr(values):
            other = [(row, *pair) for row, pair in enumerate(zip(values, found, strict=True))
                     if repr(pair[0]) != repr(pair[1])]  # fmt: skip
            raise AssertionError(f"{name}: {len(other)} rows, meant and found: {other[:5]}")


def assert_in_lake(month: TripMonth, record: Provenance) -> None:
    blobs = {blob.name: blob for blob in storage_client().list_blobs(settings.lake().bucket)}
    expected = {month.object_name}
    if record.rows_quarantined:
        expected.add(month.quarantine_object_name)
    assert blobs.keys() == expected
    assert Provenance.from_metadata(blobs[month.object_name].metadata) == record


def assert_in_warehouse(month: TripMonth, canonical: pa.Table, record: Provenance) -> None:
    loaded = ledger.find(month)
    assert loaded is not None and loaded.is_whole
    assert loaded.provenance == record
    names = canonical.column_names
    found = bigquery_client().query_and_wait(
        f"SELECT {', '.join(f'`{name}`' for name in names)} FROM `{table_path(month.table_name)}`"
    )
    rows = sorted(repr(tuple(row.values())) for row in found)
    meant = sorted(repr(tuple(row[name] for name in names)) for row in canonical.to_pylist())
    if rows != meant:
        one, other = next(pair for pair in zip(meant, rows, strict=True) if pair[0] != pair[1])
        raise AssertionError(f"the warehouse holds {other} for {one}")


def assert_nothing_arrived(month: TripMonth) -> None:
    """Assert that nothing of the month is published anywhere, and no part of it left behind."""
    left = [path for path in settings.data_dir().rglob("*") if path.is_file() and not is_seen(path)]
    assert not left, f"left behind: {left}"
    with suppress(NotFound):
        blobs = [blob.name for blob in storage_client().list_blobs(settings.lake().bucket)]
        assert not blobs, f"in the lake: {blobs}"
    with suppress(NotFound):
        tables: Any = bigquery_client().list_tables(dataset_path())
        held = [table.table_id for table in tables if rows_of(table)]
        assert not held, f"rows in {held}"


def is_seen(path: Path) -> bool:
    """Return whether the file is the publisher's, whole, or tells what the publisher served."""
    stage = path.relative_to(settings.data_dir()).parts[0]
    return stage in ("raw", "publisher") and not path.name.endswith(".part")


def rows_of(table: Any) -> int:
    return int(bigquery_client().get_table(table.reference).num_rows or 0)


def forget_all() -> None:
    """Delete the case's bucket and dataset, and forget what this process remembers of them."""
    with suppress(NotFound):
        for blob in storage_client().list_blobs(settings.lake().bucket):
            blob.delete()
        storage_client().bucket(settings.lake().bucket).delete()
    bigquery_client().delete_dataset(dataset_path(), delete_contents=True, not_found_ok=True)
    bucket.forget()
    ledger.forget()
