"""What is told about a month is short, whatever the file holds."""

from collections import Counter
from dataclasses import replace

import pytest

from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.normalize.remarks import MOST_BYTES, Remarks, UnknownWords, difference

JUNE = TripMonth("green", 2026, 6)
SOURCE = Provenance(
    service="green",
    month="2026-06",
    source_url="https://publisher.test/trip-data/green_tripdata_2026-06.parquet",
    source_etag='"etag"',
    source_last_modified="",
    source_bytes=1,
    source_sha256="0" * 64,
    source_rows=44_163,
)


def test_rows_other_than_those_published_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    published = TripMonth("green", 2021, 1)
    source = replace(SOURCE, month="2021-01", source_rows=76_519)
    assert difference(source, published) == "differs from 2024-08: 76,518 -> 76,519"


@pytest.mark.parametrize(
    ("month", "change"),
    [
        (TripMonth("green", 2021, 1), {"source_rows": 76_518}),
        (TripMonth("green", 2021, 1), {"source_url": "http://127.0.0.1:8484/trip-data/x.parquet"}),
        (TripMonth("green", 2099, 1), {}),
    ],
    ids=["as published", "a sample", "not published yet"],
)
def test_nothing_is_marked_where_there_is_nothing_to_compare(
    month: TripMonth, change: dict[str, object]
) -> None:
    assert difference(replace(SOURCE, **change), month) is None


def test_remarks_are_logged_once_each_and_kept_in_order(caplog: pytest.LogCaptureFixture) -> None:
    remarks = Remarks(JUNE)
    assert remarks.text is None
    remarks.add("one", "first")
    remarks.add("none", None)
    remarks.add("two", "second")
    assert remarks.text == "first; second"
    assert remarks.to_metadata() == {"tlc_audit_one": "first", "tlc_audit_two": "second"}
    assert caplog.messages == ["green 2026-06: first", "green 2026-06: second"]


def test_a_very_long_remark_is_cut_between_characters() -> None:
    remarks = Remarks(JUNE)
    remarks.add("long", "\u00e9" * MOST_BYTES)
    assert remarks.text is not None
    assert remarks.text.endswith("\u00e9 ...")
    assert MOST_BYTES - 4 <= len(remarks.text.encode()) <= MOST_BYTES


def test_unknown_words_are_counted_by_column_with_the_most_frequent_ones() -> None:
    unknown = UnknownWords()
    assert unknown.remark is None
    unknown.add({"payment_type": Counter({"Crx": 1, "?": 2})})
    unknown.add(
        {"payment_type": Counter({"Crx": 4, "": 1, "b\u00e9": 2}), "VendorID": Counter("X")}
    )
    assert unknown.remark == (
        "values that no table knows are null: "
        "VendorID 1 ('X'), payment_type 10 ('Crx', '?', 'b\\xe9')"
    )


def test_very_many_and_very_long_words_take_little_room() -> None:
    unknown = UnknownWords()
    for batch in range(20):
        words = Counter({f"{batch}-{number}": 1 for number in range(1_000)})
        unknown.add({"payment_type": words + Counter({"x" * 100_000: 3})})
    assert len(unknown._samples["payment_type"]) <= 1_500
    assert str(unknown).startswith(f"payment_type 20,060 ('{'x' * 24}', ")
