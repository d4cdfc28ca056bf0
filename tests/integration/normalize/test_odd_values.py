"""Values that no table knows, rows that repeat and months that differ: kept, counted and told."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.months import TripMonth
from pipeline.normalize.rewrite import rewrite_month


@pytest.fixture
def month():
    return TripMonth("yellow", 2009, 5)


def footer(target):
    return {
        key.decode(): told.decode() for key, told in pq.read_metadata(target.path).metadata.items()
    }


def test_words_that_no_table_knows_are_null_counted_and_told(
    trips, leave_raw, month, target, setting, caplog
):
    setting("normalize", batch_rows=2)
    words = ["Credit", "Crx", None, "Crx", "Bitcoin", "cash"]
    table = trips(6, Payment_Type=pa.array(words), vendor_name=pa.array([*["VTS"] * 5, "ABC"]))
    raw = leave_raw(table, month)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    remark = (
        "values that no table knows are null: VendorID 1 ('ABC'), payment_type 3 ('Crx', 'Bitcoin')"
    )
    assert pq.read_table(target.path, partitioning=None)["payment_type"].to_pylist() == [
        *[1, None, None, None, None, 2]
    ]
    assert record.rows_quarantined == 0
    assert record.remarks.endswith(remark)
    assert footer(target)["tlc_audit_unknown_values"] == remark
    assert f"yellow 2009-05: {remark}" in caplog.messages


def test_a_word_that_is_no_text_is_quarantined(trips, leave_raw, month, target, setting):
    setting("normalize", max_quarantined_share=0.5)
    raw = leave_raw(trips(2, Payment_Type=pa.array([b"\xff", b"CASH"])), month)
    rewrite_month(raw.provenance(), raw.path, target)
    [refused] = pq.read_table(target.quarantine_path, partitioning=None).to_pylist()
    assert (refused["reason"], refused["column"]) == ("not_utf8", "payment_type")
    assert refused["Payment_Type"] == "\\xff"


def test_rows_that_repeat_are_kept_and_counted_over_all_batches(
    trips, leave_raw, month, target, setting
):
    setting("normalize", batch_rows=2, row_group_rows=4)
    fares = pa.array([1.0, 2.0, 3.0, 1.0, 4.0, 1.0, 2.0])
    raw = leave_raw(trips(7, Fare_Amt=fares), month)
    rewritten = rewrite_month(raw.provenance(), raw.path, target)
    assert rewritten.audit.counts["duplicate_rows"] == 3
    assert footer(target)["tlc_audit_duplicate_rows"] == "3"
    counted = {name: rows for name, rows in rewritten.audit.counts.items() if rows}
    assert rewritten.provenance.counted() == target.provenance().counted() == counted
    assert footer(target)["tlc_counters"].startswith("duplicate_rows=3 ")
    assert rewritten.provenance.rows_kept == 7
    assert [path.name for path in target.path.parent.iterdir()] == [target.path.name]


def test_a_month_of_another_size_than_published_is_kept_and_marked(trips, leave_raw, month, target):
    raw = leave_raw(trips(7), month)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    assert record.remarks == "differs from 2024-08: 14,796,313 -> 7"
    assert footer(target)["tlc_audit_published_rows"] == record.remarks
