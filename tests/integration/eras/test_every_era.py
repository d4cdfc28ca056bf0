"""All eras of a service in one table, and real files: what is there is what the raw files say.

The judge is DuckDB's reading of the raw file, with the mappings and rules written by hand.
"""

from collections import Counter

import pyarrow.parquet as pq
import pytest
from luigi.execution_summary import LuigiStatusCode
from support.eras.facts import (
    columns_that_differ,
    differences,
    texts_that_differ,
    told_by_reading,
    told_by_warehouse,
)
from support.eras.published import columns
from support.eras.reading import canonical

from pipeline.connections.google import bigquery_client


def test_the_table_has_the_canonical_columns_of_all_eras_and_their_types(loaded):
    fields = bigquery_client().get_table(loaded.table).schema
    legacy = {"INTEGER": "INT64", "FLOAT": "FLOAT64"}
    told = [(field.name, legacy.get(field.field_type, field.field_type)) for field in fields]
    assert told == [("source_month", "DATE"), *canonical(loaded.service).items()]


def test_every_row_is_kept_or_quarantined(loaded):
    ledger = loaded.query("SELECT * FROM `{0}._loads`")
    told = {
        f"{row['month']:%Y-%m}": (row["source_rows"], row["rows_kept"] + row["rows_quarantined"])
        for row in ledger
    }
    footers = {key: pq.read_metadata(path).num_rows for key, path in loaded.raw.items()}
    assert told == {key: (rows, rows) for key, rows in footers.items()}


def test_every_column_of_every_month_says_what_the_raw_file_says(loaded):
    told = told_by_warehouse(bigquery_client(), loaded.table, loaded.service)
    assert told.keys() == loaded.raw.keys()
    expected = {key: told_by_reading(loaded.duck, loaded.service, key) for key in told}
    differing = {key: differences(told[key], expected[key]) for key in told}
    assert {key: facts for key, facts in differing.items() if facts} == {}


def test_every_value_is_the_raw_files_row_by_row(loaded):
    differing = {
        key: columns_that_differ(loaded.duck, loaded.service, key, loaded.canonical(key))
        for key in loaded.raw
    }
    assert {key: columns for key, columns in differing.items() if columns} == {}


def test_every_refused_row_is_in_quarantine_as_published_with_its_reason(loaded):
    for key, path in loaded.raw.items():
        refused = f'SELECT source_row, reason, refused FROM "{key}" WHERE reason IS NOT NULL'
        expected = loaded.duck.execute(f"{refused} ORDER BY source_row").fetchall()
        quarantine = loaded.quarantine(key)
        assert quarantine.exists() == bool(expected), key
        if expected:
            rows = pq.read_table(quarantine).to_pylist()
            told = [(row["source_row"], row["reason"], row["column"]) for row in rows]
            assert told == expected, key
            assert texts_that_differ(loaded.duck, path, quarantine) == {}, key


def test_the_lake_has_every_quarantine_as_it_is_on_disk(loaded):
    on_disk = {
        f"quarantine/service={loaded.service}/month={key}/{path.name}": path.read_bytes()
        for key in loaded.raw
        if (path := loaded.quarantine(key)).exists()
    }
    blobs = loaded.bucket.list_blobs(prefix="quarantine/")
    assert {blob.name: blob.download_as_bytes() for blob in blobs} == on_disk


@pytest.mark.parametrize("loaded", ["yellow"], indirect=True)
@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("VendorID", "vendor_name vendor_id"),
        ("store_and_fwd_flag", "store_and_forward store_and_fwd_flag"),
        ("payment_type", "Payment_Type payment_type"),
    ],
)
def test_words_that_no_table_knows_are_counted_in_the_ledger(loaded, column, words):
    ledger = loaded.query("SELECT month, remarks FROM `{0}._loads` WHERE month < '2011-01-01'")
    assert len(ledger) == 5
    for row in ledger:
        key = f"{row['month']:%Y-%m}"
        word = next(name for name in words.split() if name in columns("yellow", key))
        sql = f"""
            SELECT count(*) FROM "{key}" POSITIONAL JOIN '{loaded.raw[key]}' AS raw
            WHERE raw."{word}" IS NOT NULL AND "{key}"."{column}" IS NULL"""
        ((unknown,),) = loaded.duck.execute(sql).fetchall()
        assert f"{column} {unknown} (" in row["remarks"], row["remarks"]


def test_a_second_run_does_nothing(loaded):
    before = Counter(request.method for request in loaded.publisher.requests)
    again = loaded.load()
    assert again.status is LuigiStatusCode.SUCCESS
    assert "Did not run any tasks" in again.summary_text
    assert Counter(request.method for request in loaded.publisher.requests) == before
