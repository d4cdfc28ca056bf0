"""Rows stream through in batches; where they are cut and who dies on the way changes nothing."""

import threading

import duckdb
import pyarrow.parquet as pq
import pytest

from pipeline.normalize import conform, read
from pipeline.normalize.read import RawFile, one_ahead
from pipeline.normalize.rewrite import rewrite_month


@pytest.fixture
def raw(shared_tlc, leave_raw, month):
    return leave_raw((shared_tlc / "green_tripdata_2021-01.parquet").read_bytes(), month)


def test_the_same_file_makes_the_same_bytes(raw, target):
    rewrite_month(raw.provenance(), raw.path, target)
    first = target.path.read_bytes()
    target.path.unlink()
    rewrite_month(raw.provenance(), raw.path, target)
    assert target.path.read_bytes() == first


def test_the_size_of_batches_does_not_change_the_values(raw, target, setting):
    rewrite_month(raw.provenance(), raw.path, target)
    whole = pq.read_table(target.path)
    setting("normalize", batch_rows=1_000, row_group_rows=10_000)
    target.path.unlink()
    rewrite_month(raw.provenance(), raw.path, target)
    assert pq.read_table(target.path).equals(whole)
    assert pq.read_metadata(target.path).num_row_groups == 8


def test_a_batch_has_fewer_rows_where_there_are_more_columns(raw, month, monkeypatch):
    monkeypatch.setattr(read, "MOST_CELLS", 1_000 * len(RawFile(raw.path, month).schema))
    assert next(RawFile(raw.path, month).batches(32_768)).num_rows == 1_000


def test_every_column_chunk_has_statistics_zstd_and_times_as_differences(raw, target):
    rewrite_month(raw.provenance(), raw.path, target)
    chunks = duckdb.sql(f"""
        SELECT path_in_schema, compression, stats_null_count IS NOT NULL, encodings
        FROM parquet_metadata('{target.path}')""").fetchall()
    assert {(codec, has_statistics) for _, codec, has_statistics, _ in chunks} == {("ZSTD", True)}
    delta = {name for name, _, _, encodings in chunks if "DELTA_BINARY_PACKED" in encodings}
    assert delta == {"lpep_pickup_datetime", "lpep_dropoff_datetime"}


def test_progress_ends_at_all_rows(raw, target, setting):
    setting("normalize", batch_rows=20_000, row_group_rows=20_000)
    seen = []
    rewrite_month(raw.provenance(), raw.path, target, lambda *rows: seen.append(rows))
    assert seen == [(n, 76_518) for n in (20_000, 40_000, 60_000, 76_518)]


def test_an_error_in_the_thread_that_reads_ahead_stops_the_month(raw, target, setting, monkeypatch):
    setting("normalize", batch_rows=20_000, row_group_rows=20_000)
    batches = iter(range(4))
    healthy = conform.Conformer.conform

    def conform_twice(conformer, batch):
        if next(batches) == 2:
            raise ZeroDivisionError(threading.current_thread().name)
        return healthy(conformer, batch)

    monkeypatch.setattr(conform.Conformer, "conform", conform_twice)
    with pytest.raises(ZeroDivisionError, match="one-ahead"):
        rewrite_month(raw.provenance(), raw.path, target)
    assert [*target.path.parent.iterdir()] == []


def test_an_error_of_the_consumer_ends_the_thread(raw, target):
    def give_up(done, total):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rewrite_month(raw.provenance(), raw.path, target, give_up)
    assert [t.name for t in threading.enumerate() if "one-ahead" in t.name] == []


def test_the_next_item_is_made_while_the_last_one_is_used():
    second_is_made = threading.Event()

    def items():
        yield 1
        second_is_made.set()
        yield 2

    ahead = one_ahead(items())
    assert next(ahead) == 1
    assert second_is_made.wait(timeout=10)
    assert list(ahead) == [2]
