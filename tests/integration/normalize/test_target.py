"""A canonical month is there only if its footer accounts for every row of that very month."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.rewrite import rewrite_month
from pipeline.normalize.target import CanonicalMonthTarget


@pytest.fixture
def record(trips, leave_raw, month, target):
    """The provenance of the target, which is there."""
    raw = leave_raw(trips(5), month)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    assert target.exists()
    return record


def with_footer(target, record):
    pairs = record.to_metadata()
    pq.write_table(pq.read_table(target.path).replace_schema_metadata(pairs), target.path)


def test_a_month_that_was_never_normalized_is_absent_and_says_so(target):
    assert not target.exists()
    with pytest.raises(Terminal, match=r"green 2021-01 is not normalized; .* run NormalizeMonth"):
        target.provenance()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>", b"PAR1" + bytes(1000) + b"PAR1"])
def test_what_is_no_parquet_is_absent(content, record, target):
    target.path.write_bytes(content)
    assert not target.exists()


def test_a_cut_file_is_absent(record, target):
    target.path.write_bytes(target.path.read_bytes()[:-10])
    assert not target.exists()


def test_a_folder_of_that_name_is_absent(record, target):
    target.path.unlink()
    target.path.mkdir()
    assert not target.exists()


def test_a_file_of_another_month_is_absent(record, target, data_dir):
    other = CanonicalMonthTarget(TripMonth("green", 2021, 2), data_dir)
    other.path.parent.mkdir()
    target.path.rename(other.path)
    assert not other.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"rows_kept": None},
        {"rows_quarantined": None},
        {"rows_kept": 4},
        {"rows_kept": 4, "source_rows": 4},
        {"source_rows": 6},
        {"rows_kept": "some"},
        {"rows_quarantined": 1, "source_rows": 6},
        {"schema_version": "v1"},
        {"added_columns": "surge int64"},
    ],
    ids=str,
)
def test_a_footer_that_does_not_add_up_is_absent(changes, record, target):
    with_footer(target, record)
    assert target.exists()
    with_footer(target, replace(record, **changes))
    assert not target.exists()


def test_a_parquet_without_provenance_is_absent(record, target):
    pq.write_table(pq.read_table(target.path).replace_schema_metadata(None), target.path)
    assert not target.exists()


def test_a_stray_quarantine_makes_the_month_absent(record, target):
    target.quarantine_path.write_bytes(b"")
    assert not target.exists()
