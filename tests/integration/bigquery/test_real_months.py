"""Real TLC files, loaded whole: the warehouse says of every column what DuckDB says of the file."""

import math
from pathlib import Path

import duckdb
import luigi
import pytest
from support.publisher import FaultyPublisher

from pipeline import LoadMonthToBQ
from pipeline.connections.google import select
from pipeline.core.settings import PROJECT_ROOT
from pipeline.schemas import service_schema

SHARED = PROJECT_ROOT.parent / "shared" / "tlc"
FILES = sorted(SHARED.glob("*_tripdata_*.parquet")) + sorted(SHARED.glob("resaved/*.parquet"))
FACTS = "COUNT(*), COUNT({0}), MIN({0}), MAX({0})"


def column_facts(schema) -> dict[str, str]:
    """The facts of each canonical column but our own, as a select list."""
    sums = {"int64", "float64"}
    return {
        column.name: FACTS.format(column.name)
        + (f", SUM({column.name})" if column.kind in sums else "")
        for column in schema.columns
        if column.name != "source_month"
    }


def assert_same(seen, expected, name):
    for ours, theirs in zip(seen, expected, strict=True):
        if isinstance(ours, float) and theirs is not None:
            assert math.isclose(ours, theirs, rel_tol=1e-9), name
        else:
            assert ours == theirs, name


@pytest.mark.skipif(not FILES, reason="the real TLC files (../shared/tlc) are not beside it")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_columns_count_nulls_bounds_and_sum_are_those_of_the_raw_file(
    path: Path, configured, monkeypatch
):
    service, _, key = path.stem.split("_")
    year, month = map(int, key.split("-"))
    with FaultyPublisher() as publisher:
        publisher.serve(path, path.name)
        monkeypatch.setenv("TLC_BASE_URL", publisher.url)
        task = LoadMonthToBQ(service=service, year=year, month=month)
        assert luigi.build([task], local_scheduler=True)
    held = {name.casefold() for name, *_ in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()}
    for name, facts in column_facts(service_schema(service)).items():
        (row,) = select(f"SELECT {facts} FROM {service}_trips")
        if name.casefold() in held:
            (expected,) = duckdb.sql(f"SELECT {facts} FROM '{path}'").fetchall()
            assert_same(row.values(), expected, name)
        else:
            assert row.values()[1] == 0, name
