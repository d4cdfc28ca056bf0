"""Months that somebody has saved again, in the forms that people meet, are the month as published.

The judge is DuckDB's reading of the month as published.
"""

import itertools

import duckdb
import luigi
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt
import pytest
from support.eras.facts import columns_that_differ
from support.eras.reading import read
from support.eras.rows import trips, write_month
from support.publisher import FaultyPublisher

from pipeline.core.months import TripMonth
from pipeline.normalize.task import NormalizeMonth

# Words and times as text; whole numbers; doubles where counts have gaps; blank flags; and columns
# without any value.
MONTHS = {
    "words": ("yellow", "2010-11"),
    "counts": ("green", "2024-09"),
    "doubles": ("fhv", "2018-05"),
    "flags": ("fhvhv", "2020-04"),
    "empty": ("fhv", "2015-01"),
}
NEW_YORK = "America/New_York"


def each(table, change):
    """The table with every column changed."""
    return pa.table({name: change(table[name]) for name in table.column_names})


def is_text(column):
    return pt.is_string(column.type) or pt.is_large_string(column.type)


def is_naive_time(column):
    return pt.is_timestamp(column.type)


def dictionaries(table):
    return each(table, lambda c: c if pt.is_null(c.type) else c.dictionary_encode())


def unsigned(table):
    return each(table, lambda c: c.cast(pa.uint64()) if pt.is_integer(c.type) else c)


def narrow(table):
    """The narrowest integers that hold the values, as pandas' ``downcast`` makes them."""
    return each(table, lambda c: c.cast(narrowest(c)) if pt.is_integer(c.type) else c)


def narrowest(column):
    largest = pc.max(column).as_py() or 0
    return next(t for t in (pa.uint8(), pa.uint16(), pa.uint32()) if largest < 2**t.bit_width)


def singles(table):
    return each(table, lambda c: c.cast(pa.float32()) if pt.is_float64(c.type) else c)


def string_ids(table):
    return each(table, lambda c: c.cast(pa.string()) if pt.is_integer(c.type) else c)


def string_ids_with_a_point(table):
    """What pandas makes of zones with gaps: ``264.0``."""
    changed = table
    for name in ("PUlocationID", "DOlocationID"):
        texts = [None if v is None else f"{v:.1f}" for v in table[name].to_pylist()]
        changed = changed.set_column(table.column_names.index(name), name, pa.array(texts))
    return changed


def nanoseconds(table):
    return each(table, lambda c: c.cast(pa.timestamp("ns")) if is_naive_time(c) else c)


def new_york(table):
    """The wall clock's moments; an hour that comes twice a year is taken for its first one."""
    return each(table, lambda c: local(c) if is_naive_time(c) else c)


def local(column):
    return pc.assume_timezone(column, NEW_YORK, ambiguous="earliest", nonexistent="earliest")


def utc(table):
    return each(
        new_york(table), lambda c: c.cast(pa.timestamp("us", "UTC")) if is_naive_time(c) else c
    )


def without_a_type(table):
    return each(table, lambda c: pa.nulls(len(c)) if c.null_count == len(c) else c)


def with_any_type(table):
    """Nulls of types that no cast covers."""
    kinds = itertools.cycle([pa.int32(), pa.bool_(), pa.time64("us"), pa.list_(pa.int8())])
    return each(table, lambda c: pa.nulls(len(c), next(kinds)) if c.null_count == len(c) else c)


def backwards(table):
    return table.select(table.column_names[::-1])


def upper_case(table):
    return table.rename_columns([name.upper() for name in table.column_names])


def wide_text(table):
    return each(table, lambda c: c.cast(pa.large_string()) if is_text(c) else c)


def text_views(table):
    return each(table, lambda c: c.cast(pa.string_view()) if is_text(c) else c)


def with_an_extra_column(table):
    return table.add_column(3, "loaded_by", pa.array(["me"] * len(table)))


FORMS = {
    "words": (dictionaries, unsigned, narrow, singles, string_ids, backwards, upper_case,
              wide_text, text_views, with_an_extra_column),
    "counts": (dictionaries, unsigned, narrow, singles, string_ids, nanoseconds, new_york, utc,
               backwards, upper_case, text_views, with_an_extra_column),
    "doubles": (dictionaries, singles, string_ids_with_a_point, nanoseconds, new_york, utc,
                backwards, wide_text, with_an_extra_column),
    "flags": (dictionaries, unsigned, narrow, singles, string_ids, nanoseconds, new_york, utc,
              backwards, wide_text, text_views, with_an_extra_column),
    "empty": (dictionaries, without_a_type, with_any_type, nanoseconds, new_york, backwards),
}  # fmt: skip
CASES = [(which, form) for which, forms in FORMS.items() for form in forms]


@pytest.fixture(scope="module")
def as_published(tmp_path_factory):
    """The reading of the months as published."""
    folder = tmp_path_factory.mktemp("published")
    with duckdb.connect() as connection:
        for service, key in MONTHS.values():
            read(connection, write_month(folder, service, key), service, key)
        yield connection


@pytest.fixture
def differing(as_published, configured, monkeypatch):
    """Normalize a month as saved again; say where it is not the month as published."""

    def normalize(which, resaved, double="{}"):
        month = TripMonth.parse(*MONTHS[which])
        with FaultyPublisher() as publisher:
            publisher.serve(resaved, month.file_name)
            monkeypatch.setenv("TLC_BASE_URL", publisher.url)
            task = NormalizeMonth(service=month.service, year=month.year, month=month.month)
            assert luigi.build([task], local_scheduler=True)
        ours = month.canonical_path(configured)
        return columns_that_differ(as_published, month.service, month.key, ours, double)

    return normalize


@pytest.mark.parametrize(
    ("which", "form"), CASES, ids=[f"{which}-{form.__name__}" for which, form in CASES]
)
def test_a_month_in_another_form_is_the_same_month(which, form, differing, tmp_path):
    original = trips(*MONTHS[which])
    resaved = form(original)
    assert resaved.schema != original.schema
    pq.write_table(resaved, tmp_path / "resaved.parquet")
    double = "{}::FLOAT::DOUBLE" if form is singles else "{}"
    assert differing(which, tmp_path / "resaved.parquet", double) == {}


@pytest.mark.parametrize("which", MONTHS)
def test_a_month_that_pandas_saved_with_its_index_is_the_same_month(which, differing, tmp_path):
    frame = trips(*MONTHS[which]).to_pandas()
    frame.index = pd.Index([*range(7, 7 + 3 * len(frame), 3)])
    frame.to_parquet(tmp_path / "resaved.parquet")
    assert "__index_level_0__" in pq.read_schema(tmp_path / "resaved.parquet").names
    assert differing(which, tmp_path / "resaved.parquet") == {}
