"""Months of yellow from all of its history in one table, asked as one."""

import duckdb
import luigi
import pytest
from support.publisher import FaultyPublisher

from pipeline import LoadMonthToBQ
from pipeline.connections.google import select
from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.samples import write_sample

YEARS = {2009: "Total_Amt", 2010: "total_amount", 2012: "total_amount", 2019: "total_amount",
         2025: "total_amount"}  # fmt: skip
"""What each year's files call the total."""

ASKED = """
SELECT EXTRACT(YEAR FROM source_month) AS year, COUNT(*) AS n, ROUND(SUM(total_amount), 2) AS total,
  COUNT(pickup_datetime) AS pickups, COUNT(pickup_location_id) > 0 AS has_zones,
  COUNT(cbd_congestion_fee) > 0 AS has_fee
FROM trips WHERE service = 'yellow' GROUP BY 1
"""
ROWS = 300


@pytest.fixture
def raw(configured, tmp_path, monkeypatch):
    """The files, by year, as the publisher serves them."""
    months = {year: TripMonth("yellow", year, 3) for year in YEARS}
    with FaultyPublisher() as publisher:
        monkeypatch.setenv("TLC_BASE_URL", publisher.url)
        for month in months.values():
            write_sample(month, ROWS, tmp_path / month.file_name)
            publisher.serve(tmp_path / month.file_name, month.file_name)
        tasks = [LoadMonthToBQ(year=month.year, month=month.month) for month in months.values()]
        assert luigi.build(tasks, local_scheduler=True)
        yield {year: tmp_path / month.file_name for year, month in months.items()}


def test_every_layout_of_the_files_is_asked_under_the_same_names(raw):
    told = {row["year"]: tuple(row.values())[1:] for row in select(ASKED)}
    totals = {
        year: duckdb.sql(f"SELECT ROUND(SUM({YEARS[year]}), 2) FROM '{path}'").fetchall()[0][0]
        for year, path in raw.items()
    }
    assert told == {
        year: (ROWS, pytest.approx(totals[year], abs=0.02), ROWS, year > 2010, year == 2025)
        for year in YEARS
    }
