"""What becomes of a column that nobody knows, from the raw file to the footer."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import Terminal
from pipeline.normalize.rewrite import rewrite_month
from pipeline.schemas import service_schema


@pytest.fixture
def raw(trips, leave_raw, month):
    """Three rows with columns that no schema knows, one of them without values."""
    table = trips(3, VendorID=pa.array([1, 2, 6]))
    table = table.append_column("surge", pa.array([1, 2**63, None], pa.uint64()))
    table = table.append_column("mood", pa.array(["a", "b", None]).dictionary_encode())
    table = table.append_column("paid_at", pa.array([0, 1001, None], pa.timestamp("ns")))
    return leave_raw(table.append_column("empty", pa.nulls(3)), month)


@pytest.fixture
def rewrite(raw, target, setting):
    def run(policy):
        setting("normalize", unknown_columns=policy, max_quarantined_share=0.5)
        return rewrite_month(raw.provenance(), raw.path, target).provenance

    return run


def footer(target):
    return pq.read_metadata(target.path).metadata


NOT_KEPT = "columns that no schema knows are not kept: surge, mood, paid_at, empty"


def test_by_default_the_month_is_there_without_them_and_says_so(rewrite, target, caplog):
    record = rewrite("warn")
    assert pq.read_schema(target.path).equals(service_schema("green").arrow_schema())
    assert record.added_columns is None
    assert record.schema_version == service_schema("green").version
    assert record.remarks == f"differs from 2024-08: 76,518 -> 3; {NOT_KEPT}"
    assert footer(target)[b"tlc_audit_unknown_columns"].decode() == NOT_KEPT
    assert f"green 2021-01: {NOT_KEPT}" in caplog.messages
    assert target.provenance() == record


def test_added_columns_come_last_and_their_values_are_cast_exactly_or_refused(rewrite, target):
    record = rewrite("add")
    schema = service_schema("green").extended("surge int64, mood string, paid_at datetime")
    assert record.added_columns == "surge int64, mood string, paid_at datetime"
    assert record.schema_version == schema.version != service_schema("green").version
    assert record.remarks.endswith("; columns that hold no value yet are not added: empty")
    kept = pq.read_table(target.path, partitioning=None)
    assert kept.schema.equals(schema.arrow_schema())
    assert kept.select(["VendorID", "surge", "mood"]).to_pylist() == [
        {"VendorID": 1, "surge": 1, "mood": "a"},
        {"VendorID": 6, "surge": None, "mood": None},
    ]
    [refused] = pq.read_table(target.quarantine_path, partitioning=None).to_pylist()
    assert (refused["reason"], refused["column"]) == ("out_of_range", "surge")
    assert (refused["surge"], refused["mood"]) == (str(2**63), "b")
    assert refused["paid_at"].endswith("00:00:00.000001001")
    assert target.exists()


def test_a_month_with_added_columns_is_done_once_and_again_where_the_policy_changes(
    rewrite, target
):
    rewrite("add")
    written = target.path.stat().st_mtime_ns
    assert rewrite("add").added_columns
    assert target.path.stat().st_mtime_ns == written
    assert rewrite("warn").added_columns is None
    assert target.provenance().added_columns is None


def test_fail_publishes_nothing(rewrite, target):
    with pytest.raises(Terminal, match="no schema knows; seen: surge, mood, paid_at, empty;"):
        rewrite("fail")
    assert [*target.path.parent.iterdir()] == []


def test_a_column_that_cannot_be_added_publishes_nothing(trips, leave_raw, month, target, setting):
    setting("normalize", unknown_columns="add")
    raw = leave_raw(trips(1).append_column("legs", pa.array([[1, 2]])), month)
    with pytest.raises(Terminal, match="cannot be added; seen: legs of type list<"):
        rewrite_month(raw.provenance(), raw.path, target)
    assert [*target.path.parent.iterdir()] == []


def test_very_many_unknown_columns_make_a_short_record(trips, leave_raw, month, target):
    table = trips(2)
    extra = {f"column_{number:05}": pa.array([1, 2]) for number in range(900)}
    table = pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **extra})
    raw = leave_raw(table, month)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    assert record.remarks.endswith("column_00019 and 880 more")
    assert sum(map(len, [*record.to_metadata(), *record.to_metadata().values()])) < 4096
