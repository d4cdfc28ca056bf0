"""A month with columns that its service's schema does not have, loaded from the lake alone."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import LoadMonthToBQ
from pipeline.bigquery import ledger
from pipeline.bigquery.load import load_object
from pipeline.bigquery.partition import MonthPartition
from pipeline.connections.google import bigquery_client, select
from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket
from pipeline.schemas import service_schema

JANUARY, FEBRUARY, MARCH = (TripMonth("yellow", 2027, n) for n in (1, 2, 3))
VALUES = {"tip_jar int64": 7, "is_shared bool": True, "billed date": date(2027, 2, 3)}
ADDED = ", ".join(VALUES)
CLASH = r"other columns; seen: {'tip_jar': 'INT64'}.*next: .*--normalize-unknown-columns warn"


@pytest.fixture
def stored(configured, tmp_path):
    """Put a month of two rows into the lake, as another machine would."""

    def put(month, added=None, remarks=None):
        schema = service_schema("yellow").extended(added)
        values = {"source_month": month.first_day, "VendorID": 1}
        values |= {name.split(" ")[0]: value for name, value in VALUES.items()}
        rows = [{name: values.get(name) for name in (c.name for c in schema.columns)}] * 2
        path = tmp_path / "canonical.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema.arrow_schema()), path)
        told = Provenance("yellow", month.key, f"http://127.0.0.1/{month.file_name}", "e", "", 1,
                          "ab" * 32, 2, 2, 0, schema.version, "add" if added else None, added,
                          remarks)  # fmt: skip
        over = bucket.find(month)
        return bucket.publish(month.object_name, path, told, over, lambda sent: None)

    return put


@pytest.fixture
def load(stored):
    def load_and_record(month, added=None):
        loaded = load_object(MonthPartition(month), stored(month, added), lambda job: None)
        ledger.record(loaded)
        return loaded

    return load_and_record


def held(*columns):
    rows = select(f"SELECT source_month, {', '.join(columns)} FROM yellow_trips ORDER BY 1")
    return {(row["source_month"].month, *row.values()[1:]) for row in rows}


def test_added_columns_are_filled_for_their_month_and_null_for_the_others(load):
    load(JANUARY)
    load(FEBRUARY, ADDED)
    load(MARCH)
    assert held("VendorID", "tip_jar", "is_shared", "billed") == {
        (1, 1, None, None, None),
        (2, 1, *VALUES.values()),
        (3, 1, None, None, None),
    }
    assert ledger.find(FEBRUARY).provenance.added_columns == ADDED
    assert all(month.is_whole for month in ledger.loaded_months().values())
    assert next(iter(select("SELECT COUNT(*) AS n FROM trips")))["n"] == 6


def test_a_job_of_the_content_without_the_columns_is_not_adopted(load):
    plain = load(JANUARY)
    extended = load(JANUARY, "tip_jar int64")
    version = service_schema("yellow").extended("tip_jar int64").version
    assert extended.job_id.endswith(f"_{version}_a1") and plain.job_id != extended.job_id
    schema = bigquery_client().get_job(extended.job_id).schema
    assert "tip_jar" in [field.name for field in schema]
    assert held("tip_jar") == {(1, 7)}
    assert ledger.find(JANUARY).job_id == extended.job_id


def test_an_added_column_of_another_type_than_the_tables_stops_before_any_job(load, stored):
    load(JANUARY, "tip_jar int64")
    jobs = [job.job_id for job in bigquery_client().list_jobs()]
    with pytest.raises(Terminal, match=CLASH):
        load_object(MonthPartition(FEBRUARY), stored(FEBRUARY, "tip_jar float64"), lambda job: None)
    assert [job.job_id for job in bigquery_client().list_jobs()] == jobs


def test_a_load_says_what_is_worth_knowing_about_a_month_that_another_machine_made(stored, caplog):
    stored(JANUARY, remarks="differs from 2026-10: 39,156 -> 44,163")
    with caplog.at_level("INFO"):
        LoadMonthToBQ(service="yellow", year=2027, month=1).run()
    assert "yellow 2027-01: differs from 2026-10: 39,156 -> 44,163" in caplog.messages
