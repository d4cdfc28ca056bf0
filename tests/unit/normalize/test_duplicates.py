"""Rows that repeat are counted exactly, in bounded memory and alike everywhere."""

import io
import random
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.normalize import duplicates
from pipeline.normalize.duplicates import Duplicates, row_hashes

NAN = float("nan")


def table_of(values: list[Any], kind: pa.DataType) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"value": pa.array(values, kind)})


def counted(*batches: pa.RecordBatch) -> int:
    repeated = Duplicates(io.BytesIO(), batches[0].schema.names)
    for batch in batches:
        repeated.add(batch)
    return repeated.count()


@pytest.mark.parametrize(
    ("values", "kind", "repeats"),
    [
        ([1, 2, 1, 1, None, None], pa.int64(), 3),
        ([0.0, -0.0, 0.5, 0.25, None, NAN, NAN], pa.float64(), 2),
        (["Y", "N", "Y", None, None, ""], pa.string(), 2),
        (["B02510", "B02510", "B02510 ", "B0251", "a longer one", "a longer one"], pa.string(), 2),
        (["A", "A\0", "\0A", "\0", ""], pa.string(), 0),
        ([datetime(2021, 1, 1), datetime(3019, 1, 1), None], pa.timestamp("us"), 0),
        ([date(2021, 1, 1), date(2021, 1, 1), None], pa.date32(), 1),
        ([True, False, None, True], pa.bool_(), 1),
        ([None] * 4, pa.string(), 3),
        ([], pa.int64(), 0),
    ],
    ids=str,
)
def test_a_row_is_counted_where_an_equal_one_came_before(
    values: list[Any], kind: pa.DataType, repeats: int
) -> None:
    batch = table_of(values, kind)
    assert counted(batch) == repeats
    assert counted(*(batch[row : row + 1] for row in range(len(values))), batch[:0]) == repeats


def test_rows_are_equal_in_every_column_or_not_at_all() -> None:
    columns = {"a": [1, 1, 2, 1], "b": [2, 2, 1, None], "c": ["x", "x", "x", "x"]}
    assert counted(pa.RecordBatch.from_pydict(columns)) == 1


def test_columns_that_the_file_does_not_have_are_not_looked_at() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1, 1], "b": [1, 2]})
    repeated = Duplicates(io.BytesIO(), ["a"])
    repeated.add(batch)
    assert repeated.count() == 1


def random_rows(rng: random.Random, rows: int) -> pa.RecordBatch:
    """Return rows of few different values each, so that very many repeat."""
    columns = {
        "zone": [rng.choice([1, 2, None]) for _ in range(rows)],
        "fare": [rng.choice([0.0, 2.5, -2.5, None]) for _ in range(rows)],
        "tip": [rng.choice([0.0, 2.5, -2.5, 1.0]) for _ in range(rows)],
        "flag": [rng.choice(["Y", "N", None]) for _ in range(rows)],
        "base": [rng.choice(["B02510", "B1", None, "some other base"]) for _ in range(rows)],
    }
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("seed", range(5))
def test_the_count_is_that_of_comparing_all_rows(seed: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(duplicates, "HASHES_PER_PASS", 100)
    monkeypatch.setattr(duplicates, "HASHES_PER_RUN", 37)
    batch = random_rows(random.Random(seed), 700)
    expected = len(batch) - len({tuple(row.values()) for row in batch.to_pylist()})
    assert counted(batch) == expected
    cuts = [batch[first : first + 90] for first in range(0, 700, 90)]
    assert counted(*cuts) == expected


def test_rows_that_differ_in_signs_and_whole_numbers_only_do_not_collide() -> None:
    grid = np.meshgrid(*[[-2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0]] * 6)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(axis.ravel()) for axis in grid], names=list("abcdef")
    )
    assert counted(batch) == 0


def test_a_pass_holds_its_share_of_the_hashes_only(monkeypatch: Any) -> None:
    shares: list[int] = []
    whole = duplicates._repeats
    monkeypatch.setattr(
        duplicates, "_repeats", lambda hashes: shares.append(len(hashes)) or whole(hashes)
    )
    monkeypatch.setattr(duplicates, "HASHES_PER_PASS", 10_000)
    assert counted(table_of(list(range(100_000)), pa.int64())) == 0
    assert sum(shares) == 100_000
    assert max(shares) <= 11_000


def test_rows_that_come_after_a_count_are_counted_by_the_next_one() -> None:
    repeated = Duplicates(io.BytesIO(), ["value"])
    counts = []
    for _ in range(3):
        repeated.add(table_of([1, 2, None], pa.int64()))
        counts.append(repeated.count())
    assert counts == [0, 3, 6]


def test_a_hash_is_the_same_in_every_process() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [7], "b": [2.5], "c": ["B02510"], "d": [None]})
    batch = batch.set_column(3, "d", pa.nulls(1, pa.int64()))
    assert row_hashes(batch, ["a", "b", "c", "d"]).tolist() == [9112128541258504579]
