"""The eras against TLC's own files, which lie beside the checkout."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.core.months import FIRST_MONTHS, TripMonth
from pipeline.schemas import service_schema


@pytest.mark.parametrize(
    "name",
    [
        "green_tripdata_2021-01.parquet",
        "green_tripdata_2022-01.parquet",
        "green_tripdata_2023-01.parquet",
        "green_tripdata_2023-02.parquet",
        "green_tripdata_2024-01.parquet",
        "footers/yellow_tripdata_2024-04.footer_only.parquet",
    ],
)
def test_a_real_file_is_laid_out_as_its_era_says(shared_tlc: Path, name: str) -> None:
    service, _, key = Path(name).name.split(".")[0].partition("_tripdata_")
    month = TripMonth.parse(service, key)
    era = service_schema(service).era(month)
    real = pq.ParquetFile(shared_tlc / name)
    assert real.schema_arrow.remove_metadata() == era.file_schema(month)
    group = real.metadata.row_group(0)
    assert group.column(0).compression == era.compression.upper()
    assert group.column(0).is_stats_set == era.statistics


def test_a_later_file_has_the_columns_of_its_era(shared_tlc: Path) -> None:
    """A third party's re-save: its columns are TLC's, its types are pandas's."""
    month = TripMonth("green", 2025, 11)
    real = pq.read_schema(shared_tlc / "resaved" / month.file_name)
    assert real.names == service_schema("green").era(month).file_schema(month).names


def test_every_published_month_is_valid_and_since_2019_has_an_era(shared_tlc: Path) -> None:
    with (shared_tlc / "published_months.csv").open(encoding="utf-8") as file:
        months = [TripMonth.parse(row["service"], row["month"]) for row in csv.DictReader(file)]
    assert {month.service for month in months} == set(FIRST_MONTHS)
    for month in months:
        if month.year >= 2019:
            assert service_schema(month.service).era(month).covers(month)
