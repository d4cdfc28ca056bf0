"""A raw file that is no month: one line that says why, and nothing published."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.rewrite import rewrite_month
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema

YELLOW = TripMonth("yellow", 2021, 1)
YELLOW_2024 = TripMonth("yellow", 2024, 4)


@pytest.fixture
def assert_refused(data_dir):
    def check(raw, told):
        record = raw.provenance()
        target = CanonicalMonthTarget(TripMonth.parse(record.service, record.month), data_dir)
        with pytest.raises(Terminal, match=told) as refused:
            rewrite_month(record, raw.path, target)
        assert "\n" not in str(refused.value)
        assert not target.exists()
        assert [path for path in (data_dir / "canonical").rglob("*") if path.is_file()] == []

    return check


@pytest.mark.parametrize(
    ("name", "month", "told"),
    [
        (
            "bad/http403_body_saved_as_yellow_tripdata_2024-01.parquet",
            YELLOW,
            r"no readable parquet file; seen: 243 bytes that begin b'<\?xml",
        ),
        (
            "bad/truncated_yellow_tripdata_2021-01.parquet",
            YELLOW,
            "no readable parquet file; seen: .* bytes that begin b'PAR1",
        ),
        (
            "footers/yellow_tripdata_2024-04.footer_only.parquet",
            YELLOW_2024,
            "yellow 2024-04: the raw file is no readable parquet file",
        ),
        (
            "green_tripdata_2021-01.parquet",
            YELLOW,
            "lacks tpep_pickup_datetime, .* it looks like a file of service green",
        ),
    ],
)
def test_a_real_bad_file_is_refused(name, month, told, shared_tlc, leave_raw, assert_refused):
    assert_refused(leave_raw((shared_tlc / name).read_bytes(), month), told)


def test_a_file_of_very_many_columns_is_refused(trips, leave_raw, assert_refused):
    table = pa.table({f"c{number}": pa.array([number]) for number in range(1001)})
    assert_refused(
        leave_raw(table, YELLOW), "too many columns; seen: 1,001 columns in .*; expected"
    )


def test_a_file_without_rows_is_refused(trips, leave_raw, month, assert_refused):
    assert_refused(leave_raw(trips(0), month), "green 2021-01: the file holds no rows")


def test_a_file_that_lacks_a_column_is_refused(trips, leave_raw, month, assert_refused):
    table = trips(3).drop_columns("total_amount")
    assert_refused(leave_raw(table, month), "the file lacks total_amount; seen: VendorID")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            pa.array([True, None, False]),
            "fare_amount is of the wrong kind; seen: bool; expected: f",
        ),
        (pa.array([[1.0], [], None]), "fare_amount is of the wrong kind; seen: list"),
        (
            pa.array(["ten", "twelve", "free"]),
            r"seen: at least 3 of 3: 3 unparseable_number in fare_amount \(string, to be float64\)",
        ),
    ],
)
def test_a_column_of_the_wrong_kind_is_refused(
    values, told, trips, leave_raw, month, assert_refused
):
    assert_refused(leave_raw(trips(3, fare_amount=values), month), told)


def test_damaged_pages_are_found_while_streaming(shared_tlc, leave_raw, month, assert_refused):
    content = bytearray((shared_tlc / "green_tripdata_2021-01.parquet").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)
    assert_refused(leave_raw(bytes(content), month), "no readable parquet file")


def test_a_footer_with_damaged_names_is_refused(trips, leave_raw, month, assert_refused):
    content = with_damaged_names(trips(3))
    assert_refused(leave_raw(content, month), "no readable parquet file")


def test_a_canonical_file_with_damaged_names_is_not_there(trips, target):
    target.path.parent.mkdir(parents=True)
    target.path.write_bytes(with_damaged_names(trips(3)))
    assert not target.exists()


def with_damaged_names(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, store_schema=False)
    return (
        sink.getvalue()
        .to_pybytes()
        .replace(b"trip_distance", b"trip\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7")
    )


def test_fewer_rows_than_were_downloaded_are_refused(trips, leave_raw, month, assert_refused):
    assert_refused(leave_raw(trips(3), month, rows=4), "rows do not add up; seen: 3 rows read")


def test_a_raw_file_that_vanished_is_named(trips, leave_raw, month, target):
    raw = leave_raw(trips(1), month)
    record = raw.provenance()
    raw.path.unlink()
    with pytest.raises(Terminal, match="seen: No such file or directory"):
        rewrite_month(record, raw.path, target)


def test_an_unknown_column_is_told_in_one_warning(trips, leave_raw, month, target, caplog):
    table = trips(2).append_column("surge", pa.array([1.0, 2.0]))
    table = table.append_column("__index_level_0__", pa.array([0, 1]))
    raw = leave_raw(table, month)
    rewrite_month(raw.provenance(), raw.path, target)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [
        "green 2021-01: differs from 2024-08: 76,518 -> 2",
        "green 2021-01: columns that no schema knows are not kept: surge",
    ]
    assert pq.read_schema(target.path).equals(service_schema("green").arrow_schema())
