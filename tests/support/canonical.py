"""Canonical months of a test's own, as a normalized month lies on disk."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema

VALUES: dict[str, list[Any]] = {
    "int64": [0, -(2**63), 2**63 - 1, None],
    "float64": [0.1, float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, None],
    "string": ["", "N", "Zürich 🚕", "a\tb\n\\.", '"', "\\N", None],
    "datetime": [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), None],
    "date": [date(1, 1, 1), date(9999, 12, 31), None],
    "bool": [True, False, None],
}
"""What a column may hold, at its worst."""


def worst_rows(month: TripMonth, rows: int, added: str | None = None) -> pa.Table:
    """Return canonical rows with every value of ``VALUES`` in every column."""
    schema = service_schema(month.service).extended(added)
    columns = {
        column.name: [VALUES[column.kind][(row + place) % len(VALUES[column.kind])]
                      for row in range(rows)]
        for place, column in enumerate(schema.columns)
    }  # fmt: skip
    columns["source_month"] = [month.first_day] * rows
    return pa.table(columns, schema.arrow_schema())


def plain_rows(month: TripMonth, rows: int, zone: int) -> pa.Table:
    """Return that many like rows, told by their pickup zone."""
    schema = service_schema(month.service)
    pickup = datetime(month.year, month.month, 1) + timedelta(hours=1)
    told = {"source_month": month.first_day, schema.roles.pickup_zone: zone,
            schema.roles.pickup_time: pickup}  # fmt: skip
    columns = [pa.repeat(pa.scalar(told.get(field.name), field.type), rows)
               for field in schema.arrow_schema()]  # fmt: skip
    return pa.table(columns, schema.arrow_schema())


def chance_rows(month: TripMonth, rows: int, seed: Sequence[int]) -> pa.Table:
    """Return rows of chance, a tenth of each column null; every sum is exact in any order."""
    chance = np.random.default_rng(seed)
    schema = service_schema(month.service)
    begin = np.datetime64(month.first_day, "us")
    make: dict[str, Callable[[], Any]] = {
        "int64": lambda: chance.integers(0, 300, rows),
        "float64": lambda: chance.integers(0, 300, rows) / 4,
        "string": lambda: chance.choice(["", "N", "Zürich"], rows),
        "datetime": lambda: begin + chance.integers(0, 28 * 86_400_000_000, rows),
    }
    columns = [
        pa.array(make[column.kind](), mask=chance.random(rows) < 0.1)
        if column.kind in make
        else pa.repeat(month.first_day, rows)
        for column in schema.columns
    ]
    return pa.table(columns, schema.arrow_schema())


def write_canonical(
    data_dir: Path, month: TripMonth, table: pa.Table, **changes: Any
) -> CanonicalMonthTarget:
    """Leave the table as the canonical month; ``changes`` are to its provenance."""
    target = CanonicalMonthTarget(month, data_dir)
    version = service_schema(month.service).extended(changes.get("added_columns")).version
    record = Provenance(
        service=month.service,
        month=month.key,
        source_url=f"http://127.0.0.1/{month.file_name}",
        source_etag='"etag"',
        source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
        source_bytes=1,
        source_sha256=f"{len(table):064x}",
        source_rows=len(table),
        rows_kept=len(table),
        rows_quarantined=0,
        schema_version=version,
    )
    target.path.parent.mkdir(parents=True, exist_ok=True)
    metadata = replace(record, **changes).to_metadata()
    pq.write_table(table.replace_schema_metadata(metadata), target.path)
    return target
