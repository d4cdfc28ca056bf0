"""Months of every era, through the real rewriting, into one table."""

import pyarrow.parquet as pq
from support.eras.rows import MONTHS, write_month

from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.download.target import RawTarget, publish_raw
from pipeline.normalize.rewrite import rewrite_month
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.postgres import ledger


def leave_raw(folder, data_dir, month):
    """Leave the month's file as a download does."""
    path, target = write_month(folder, month.service, month.key), RawTarget(month, data_dir)
    url, rows = f"http://127.0.0.1/{month.file_name}", pq.read_metadata(path).num_rows
    record = Provenance(
        month.service, month.key, url, "e", "", path.stat().st_size, "ab" * 32, rows
    )
    with part_file(target.path) as file:
        file.write(path.read_bytes())
        publish_raw(file, target.path, record)
    return target


def test_months_of_all_eras_are_rows_of_one_table(place, setting, tmp_path):
    setting("normalize", max_quarantined_share="0.05")
    for key in MONTHS["yellow"]:
        month = TripMonth.parse("yellow", key)
        raw = leave_raw(tmp_path, place.data_dir, month)
        target = CanonicalMonthTarget(month, place.data_dir)
        rewrite_month(raw.provenance(), raw.path, target, lambda done, total: None)
        place.load_file(target, lambda rows, size: None)
        expected = [
            tuple(row.values()) for row in pq.read_table(target.path, partitioning=None).to_pylist()
        ]
        sql = f"SELECT * FROM {{s}}.{month.table_name} WHERE source_month = %s ORDER BY ctid"
        assert place.query(sql, month.first_day) == expected, key
    loads = ledger.loaded_months()
    assert {key for _, key in loads} == {*MONTHS["yellow"]}
    assert all(load.is_whole for load in loads.values())
