"""Rows that cannot be represented are kept beside the month, as text, with the reason."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.files import part_path
from pipeline.core.provenance import Provenance
from pipeline.normalize.rewrite import rewrite_month

YEAR_12000 = 316_516_000_000_000_000


@pytest.fixture(autouse=True)
def small_batches(setting):
    setting("normalize", batch_rows=2, max_quarantined_share=0.5)


@pytest.fixture
def raw(trips, leave_raw, month):
    """Seven rows in four batches, of which rows 1, 4 and 6 cannot be represented."""
    passengers = pa.array([1.0, 1.5, None, 2.0, 0.25, 3.0, 4.0])
    pickups = pa.array([0, 0, 0, 0, YEAR_12000, 0, YEAR_12000], pa.timestamp("us"))
    flags = pa.array(["N", None, "Y", "N", " ", "N", "Y"])
    table = trips(
        7,
        passenger_count=passengers,
        lpep_pickup_datetime=pickups,
        store_and_fwd_flag=flags,
        VendorID=pa.array(range(7)),
    )
    return leave_raw(table, month)


def rewrite(raw, target):
    return rewrite_month(raw.provenance(), raw.path, target).provenance


def test_rows_that_fit_are_kept_in_order_and_the_rest_is_beside_them(raw, target):
    record = rewrite(raw, target)
    assert (record.rows_kept, record.rows_quarantined) == (4, 3)
    assert pq.read_table(target.path)["VendorID"].to_pylist() == [0, 2, 3, 5]
    assert target.exists()


def test_a_quarantined_row_is_all_there_as_text_with_its_place_and_reason(raw, target):
    rewrite(raw, target)
    quarantined = pq.read_table(target.quarantine_path)
    assert quarantined.column_names[:4] == ["source_row", "reason", "column", "VendorID"]
    told = quarantined.select(
        ["source_row", "reason", "column", "VendorID", "passenger_count", "store_and_fwd_flag"]
    )
    assert [tuple(row.values()) for row in told.to_pylist()] == [
        (1, "not_an_integer", "passenger_count", "1", "1.5", None),
        (4, "out_of_range", "lpep_pickup_datetime", "4", "0.25", " "),
        (6, "out_of_range", "lpep_pickup_datetime", "6", "4", "Y"),
    ]
    assert quarantined["lpep_pickup_datetime"][1].as_py() == "11999-12-29 15:06:40.000000"


def test_rows_with_string_views_are_quarantined_too(trips, leave_raw, month, target):
    fares = pa.array(["1.5", "free"], pa.string_view())
    raw = leave_raw(trips(2, fare_amount=fares), month)
    assert rewrite(raw, target).rows_quarantined == 1
    assert pq.read_table(target.quarantine_path)["fare_amount"].to_pylist() == ["free"]


def test_source_columns_named_as_the_quarantines_own_stay_apart(trips, leave_raw, month, target):
    table = trips(2, passenger_count=pa.array([1.0, 1.5]))
    for name in ("reason", "surge", "surge"):
        table = table.append_column(name, pa.array(["a", "b"]))
    rewrite(leave_raw(table, month), target)
    quarantined = pq.read_table(target.quarantine_path)
    names = ["reason", "reason_", "surge", "surge_"]
    assert quarantined.select(names).to_pylist() == [
        {"reason": "not_an_integer", "reason_": "b", "surge": "b", "surge_": "b"}
    ]


def test_a_canonical_file_without_its_quarantine_is_no_target(raw, target):
    rewrite(raw, target)
    target.quarantine_path.unlink()
    assert not target.exists()


def test_the_quarantine_tells_which_month_it_belongs_to(raw, target):
    record = rewrite(raw, target)
    footer = pq.read_metadata(target.quarantine_path).metadata
    told = {key.decode(): value.decode() for key, value in footer.items()}
    assert Provenance.from_metadata(told) == record


def test_a_canonical_file_with_another_months_quarantine_is_no_target(raw, target):
    rewrite(raw, target)
    others = pq.read_table(target.quarantine_path, partitioning=None)
    assert target.exists()
    pq.write_table(
        others.replace_schema_metadata({"tlc_source_sha256": "1"}), target.quarantine_path
    )
    assert not target.exists()


def test_a_month_that_became_clean_loses_its_quarantine(raw, target, trips, leave_raw, month):
    rewrite(raw, target)
    rewrite(leave_raw(trips(7), month), target)
    assert not target.quarantine_path.exists()
    assert target.exists()


def test_what_a_killed_run_left_of_a_quarantine_is_overwritten(raw, target):
    target.quarantine_path.parent.mkdir(parents=True)
    part_path(target.quarantine_path).write_bytes(bytes(100_000))
    rewrite(raw, target)
    assert pq.read_metadata(target.quarantine_path).num_rows == 3
    assert not part_path(target.quarantine_path).exists()


def test_too_many_refused_rows_stop_the_month_and_name_the_top_reasons(raw, target, setting):
    setting("normalize", batch_rows=100, max_quarantined_share=0.4)
    with pytest.raises(Terminal) as refused:
        rewrite(raw, target)
    assert (
        "seen: at least 3 of 7: 2 out_of_range in lpep_pickup_datetime (timestamp[us], to"
        in str(refused.value)
    )
    assert "expected: at most 40.00% ([normalize] max_quarantined_share)" in str(refused.value)
    assert [*target.path.parent.iterdir()] == []


def test_a_month_that_fails_again_leaves_the_published_one_alone(raw, target, setting):
    rewrite(raw, target)
    before = target.path.read_bytes(), target.quarantine_path.read_bytes()
    setting("normalize", max_quarantined_share=0.1)
    replacement = replace(raw.provenance(), source_sha256="1" * 64)
    with pytest.raises(Terminal):
        rewrite_month(replacement, raw.path, target)
    assert (target.path.read_bytes(), target.quarantine_path.read_bytes()) == before


def nested(values):
    return pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), values)


BEYOND_PYTHON = f"[ [ <value out of range: {2**62}> ] ]"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([b"\xffx", b"y", None]), ["\\xffx", "y", None]),
        (pa.array([[1, 2], None, []]), ["[1, 2]", None, "[]"]),
        (pa.array([{"a": 1}, {"a": None}, None]), ["{'a': 1}", "{'a': None}", None]),
        (pa.array([0.1, 1e300, float("nan")]), ["0.1", "1e+300", "nan"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([b"\xff", b"Y", None], pa.binary(1)), ["\\xff", "Y", None]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([b"\xffx"] * 3).view(pa.string()), ["\\xffx"] * 3),
        (pa.array([b"\xffx"] * 3).view(pa.string()).dictionary_encode(), ["\\xffx"] * 3),
        (
            nested(pa.array([b"\xffx"] * 3).view(pa.string())),
            ['[ [ "\N{REPLACEMENT CHARACTER}x" ] ]'] * 3,
        ),
        (nested(pa.array([2**62] * 3).view(pa.time64("us"))), [BEYOND_PYTHON] * 3),
        (pa.array([1] * 3).view(pa.timestamp("us", "Not/There")), ["[ 1970-01-01 00:00:00.000001Z ]"] * 3),
    ],
    ids=str,
)
def test_whatever_a_row_holds_is_written_as_text(values, texts, trips, leave_raw, month, target):
    table = trips(6, passenger_count=pa.array([0.5, 0.5, 0.5, 1.0, 1.0, 1.0]))
    extra = pa.concat_arrays([values, pa.nulls(3, values.type)])
    rewrite(leave_raw(table.append_column("extra_column", extra), month), target)
    assert pq.read_table(target.quarantine_path)["extra_column"].to_pylist() == texts
