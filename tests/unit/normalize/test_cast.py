"""What each reason code means, value by value."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipeline.normalize.cast import WORD, conversion, convert, reason

US_YEAR_3019 = 33_113_000_000_000_000
NO_UTF8 = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xffY"]).buffers())
US_YEAR_10000 = 253_402_300_800_000_000


def array_type(value: Any) -> str | None:
    return str(value.type) if isinstance(value, pa.Array) else None


@pytest.mark.parametrize(
    ("array", "kind", "code"),
    [
        (pa.array([1.5]), "int64", "not_an_integer"),
        (pa.array([float("-inf")]), "int64", "not_an_integer"),
        (pa.array([Decimal("1.50")]), "int64", "not_an_integer"),
        (pa.array(["1.5"]), "int64", "not_an_integer"),
        (pa.array(["1e2"]), "int64", "not_an_integer"),
        (pa.array(["1e-257"]), "int64", "not_an_integer"),
        (pa.array([1e300]), "int64", "out_of_range"),
        (pa.array([2**63], pa.uint64()), "int64", "out_of_range"),
        (pa.array([Decimal(10**20)]), "int64", "out_of_range"),
        (pa.array([str(2**63)]), "int64", "out_of_range"),
        (pa.array(["one"]), "int64", "unparseable_number"),
        (pa.array(["0x1F"]), "int64", "unparseable_number"),
        (pa.array([""]), "int64", "unparseable_number"),
        (pa.array([2**53 + 1]), "float64", "out_of_range"),
        (pa.array(["1e999"]), "float64", "out_of_range"),
        (pa.array(["NaN"]), "float64", "unparseable_number"),
        (pa.array([b"\xff"]), "float64", "unparseable_number"),
        (pa.array(["abc"]).dictionary_encode(), "float64", "unparseable_number"),
        (pa.array([US_YEAR_10000], pa.timestamp("us")), "datetime", "out_of_range"),
        (pa.array([-(2**62)], pa.timestamp("s")), "datetime", "out_of_range"),
        (pa.array([2**31 - 1], pa.date32()), "datetime", "out_of_range"),
        (pa.array([2**62], pa.timestamp("us", "UTC")), "datetime", "out_of_range"),
        (pa.array([1001], pa.timestamp("ns")), "datetime", "finer_than_microseconds"),
        (
            pa.array([1], pa.timestamp("ns")).dictionary_encode(),
            "datetime",
            "finer_than_microseconds",
        ),
        (pa.array(["2021-02-30 00:00:00"]), "datetime", "unparseable_timestamp"),
        (pa.array([" 0000-01-01"]), "datetime", "out_of_range"),
        (pa.array(["0000-13-01"]), "datetime", "unparseable_timestamp"),
        (pa.array([2**31 - 1], pa.date32()), "date", "out_of_range"),
        (pa.array([-800_000], pa.date32()), "date", "out_of_range"),
        (pa.array([b"\xffY"]), "string", "not_utf8"),
        (pa.array([b"\xffY"]), WORD, "not_utf8"),
        (NO_UTF8, "string", "not_utf8"),
    ],
    ids=array_type,
)
def test_a_value_that_does_not_fit_is_refused_for_the_right_reason(
    array: pa.Array, kind: str, code: str
) -> None:
    convertible = conversion(array.type, kind)
    assert convertible is not None
    values, refused = convert(array, convertible, kind)
    assert (values.to_pylist(), refused, reason(array[0], kind)) == ([None], [0], code)


@pytest.mark.parametrize(
    ("array", "kind", "value"),
    [
        (pa.array([1.0]), "int64", 1),
        (pa.array(["1.0"]), "int64", 1),
        (pa.array([" 7 "]), "int64", 7),
        (pa.array(["-0"]), "int64", 0),
        (pa.array(["+0100."]), "int64", 100),
        (pa.array(["-" + "0" * 90 + "5." + "0" * 90]), "int64", -5),
        (pa.array(["9223372036854775807"]), "int64", 2**63 - 1),
        (pa.array([True]), "int64", 1),
        (pa.array([0.1], pa.float32()), "float64", 0.10000000149011612),
        (pa.array([Decimal("0.1")]), "float64", 0.1),
        (pa.array(["0.1"]), "float64", 0.1),
        (pa.array([float("inf")]), "float64", float("inf")),
        (pa.array(["B01124         "]), "string", "B01124         "),
        (pa.array([" "], pa.large_string()), "string", " "),
        (pa.array([b"Y"]), "string", "Y"),
        (pa.array([float("nan")]), "int64", None),
        (pa.array([date(3019, 2, 3)]), "date", date(3019, 2, 3)),
        (pa.array([date(1, 1, 1)], pa.date64()), "date", date(1, 1, 1)),
        (pa.array([True]), "bool", True),
        (pa.array([1.0]), WORD, "1"),
        (pa.array([Decimal("1.00")]), WORD, "1"),
        (pa.array([float("nan")]), WORD, None),
        (pa.array([" Cash "]).dictionary_encode(), WORD, " Cash "),
    ],
    ids=array_type,
)
def test_a_value_that_fits_is_kept_exactly(array: pa.Array, kind: str, value: Any) -> None:
    convertible = conversion(array.type, kind)
    assert convertible is not None
    values, refused = convert(array, convertible, kind)
    assert (values.to_pylist(), refused) == ([value], [])


@pytest.mark.parametrize(
    ("seen", "count", "told"),
    [
        (pa.timestamp("us"), US_YEAR_3019, "3019-04-24 07:33:20"),
        (pa.timestamp("us", "UTC"), 1_609_459_200_000_000, "2020-12-31 19:00:00"),
        (pa.timestamp("s", "Europe/Paris"), 1_625_097_600, "2021-06-30 20:00:00"),
        (pa.timestamp("ns"), 1_609_459_200_000_001_000, "2021-01-01 00:00:00.000001"),
        (pa.date32(), 18_628, "2021-01-01 00:00:00"),
    ],
    ids=str,
)
def test_a_moment_becomes_the_new_york_wall_clock(seen: Any, count: int, told: str) -> None:
    convertible = conversion(seen, "datetime")
    assert convertible is not None
    values, _ = convert(pa.array([count], seen), convertible, "datetime")
    assert str(values[0].as_py()) == told


def test_one_bad_value_among_many_costs_only_itself() -> None:
    array = pa.array([*map(float, range(1000)), 0.5, None, 7.0])
    convertible = conversion(array.type, "int64")
    assert convertible is not None
    values, refused = convert(array, convertible, "int64")
    assert refused == [1000]
    assert values.to_pylist() == [*range(1000), None, None, 7]


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (pa.bool_(), "float64"),
        (pa.bool_(), "string"),
        (pa.float64(), "string"),
        (pa.float64(), "datetime"),
        (pa.timestamp("us"), "int64"),
        (pa.list_(pa.int64()), "int64"),
        (pa.struct([]), "float64"),
        (pa.time64("us"), "datetime"),
        (pa.dictionary(pa.int8(), pa.bool_()), "string"),
        (pa.timestamp("us"), "date"),
        (pa.int8(), "bool"),
        (pa.bool_(), WORD),
        (pa.timestamp("us"), WORD),
    ],
    ids=str,
)
def test_a_type_that_no_cast_covers_is_known_as_such(seen: pa.DataType, kind: str) -> None:
    assert conversion(seen, kind) is None
