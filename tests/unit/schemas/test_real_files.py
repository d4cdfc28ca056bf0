"""The eras and the table of published months against TLC's own files, beside the checkout."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.core.months import TripMonth
from pipeline.schemas import PublishedFile, published_file, published_files, service_schema

ORIGINALS = [
    "green_tripdata_2021-01.parquet",
    "green_tripdata_2022-01.parquet",
    "green_tripdata_2023-01.parquet",
    "green_tripdata_2023-02.parquet",
    "green_tripdata_2024-01.parquet",
]
FOOTER = "footers/yellow_tripdata_2024-04.footer_only.parquet"
RESAVED = "resaved/green_tripdata_2025-11.parquet"
"""A third party's: its columns and rows are TLC's, its types are pandas's."""


def month_of(name: str) -> TripMonth:
    service, _, key = Path(name).name.split(".")[0].partition("_tripdata_")
    return TripMonth.parse(service, key)


@pytest.mark.parametrize("name", [*ORIGINALS, FOOTER])
def test_a_real_file_is_laid_out_as_its_era_says(shared_tlc: Path, name: str) -> None:
    month = month_of(name)
    era = service_schema(month.service).era(month)
    real = pq.ParquetFile(shared_tlc / name)
    assert real.schema_arrow.remove_metadata() == era.file_schema(month)
    group = real.metadata.row_group(0)
    assert group.column(0).compression == era.compression.upper()
    assert group.column(0).is_stats_set == era.statistics
    assert group.num_rows == min(real.metadata.num_rows, era.row_group_rows or 10**9)


def test_a_later_file_has_the_columns_of_its_era(shared_tlc: Path) -> None:
    month = month_of(RESAVED)
    real = pq.read_schema(shared_tlc / RESAVED)
    assert real.names == service_schema("green").era(month).file_schema(month).names


@pytest.mark.parametrize("name", [*ORIGINALS, FOOTER, RESAVED])
def test_a_real_file_has_the_rows_that_the_table_of_published_months_says(
    shared_tlc: Path, name: str
) -> None:
    known = published_file(month_of(name))
    assert known is not None
    assert pq.read_metadata(shared_tlc / name).num_rows == known.rows
    if name in ORIGINALS:
        assert (shared_tlc / name).stat().st_size == known.bytes


def test_the_table_of_published_months_is_what_was_read_of_the_publisher(shared_tlc: Path) -> None:
    with (shared_tlc / "published_months.csv").open(encoding="utf-8", newline="") as lines:
        rows = [*csv.DictReader(lines)]
    read = [
        PublishedFile(
            TripMonth.parse(row["service"], row["month"]),
            int(row["rows"]),
            int(row["bytes"]) if row["bytes"] else None,
            row["as_of"].split()[-1],
        )
        for row in rows
    ]
    assert len(read) == 589
    assert published_files() == {file.month: file for file in read}


@pytest.mark.parametrize("service", ["yellow", "green", "fhv", "fhvhv"])
def test_a_sample_as_text_has_the_columns_of_its_era(shared_tlc: Path, service: str) -> None:
    """TLC's columns of April 2020 in another form."""
    path = shared_tlc / "csv" / f"{service}_tripdata_sample_2020-04.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        names = next(csv.reader(lines))
    month = TripMonth(service, 2020, 4)
    era = service_schema(service).era(month)
    assert sorted(names) == sorted(column.name for column in era.columns)
