"""Every known way in which files of a service differ from one another comes to the same values."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.months import TripMonth
from pipeline.normalize.conform import Conformed, Conformer
from pipeline.normalize.match import match_columns
from pipeline.schemas import service_schema

TIME = datetime(2009, 1, 4, 2, 52)
NOON = datetime(2021, 6, 30, 12)
GAPPED = [1, None]


def file_of(month: TripMonth, **columns: pa.Array) -> pa.Table:
    """Return a file of the month: its era's columns, null where ``columns`` does not tell."""
    rows = len(next(iter(columns.values())))
    schema = service_schema(month.service).era(month).file_schema(month)
    table = pa.table({field.name: pa.nulls(rows, field.type) for field in schema})
    for name, values in columns.items():
        assert name in table.column_names
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def conformed(month: TripMonth, table: pa.Table) -> Conformed:
    """Conform the table by way of a parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    file = pq.ParquetFile(pa.BufferReader(sink.getvalue()))
    [batch] = file.iter_batches()
    return Conformer(month, match_columns(file.schema_arrow, month)).conform(batch)


def canonical(service: str, key: str, name: str, values: pa.Array, wanted: str) -> list[Any]:
    month = TripMonth.parse(service, key)
    result = conformed(month, file_of(month, **{name: values}))
    assert result.rejected is None
    assert result.unknown == {}
    assert result.kept.schema == service_schema(service).arrow_schema()
    return result.kept[wanted].to_pylist()


def text(*values: str | None, kind: str = "string") -> pa.Array:
    return pa.array(values, kind)


AS_PUBLISHED = [
    # The types of facts, month by month: (service, month, column, type, its values, canonical...)
    ("yellow", "2009-01", "Trip_Pickup_DateTime", "string", ["2009-01-04 02:52:00", None],
     "tpep_pickup_datetime", [TIME, None]),
    ("yellow", "2010-12", "dropoff_datetime", "string", ["2009-01-04 02:52:00"],
     "tpep_dropoff_datetime", [TIME]),
    ("yellow", "2011-01", "tpep_pickup_datetime", "timestamp[us]", [TIME],
     "tpep_pickup_datetime", [TIME]),
    ("yellow", "2009-12", "Rate_Code", "double", [1.0, None], "RatecodeID", GAPPED),
    ("yellow", "2010-01", "rate_code", "string", ["1", None], "RatecodeID", GAPPED),
    ("yellow", "2010-02", "rate_code", "int64", [1, None], "RatecodeID", GAPPED),
    ("yellow", "2010-03", "__index_level_0__", "int64", [1, 2], "VendorID", [None, None]),
    ("yellow", "2010-04", "rate_code", "string", ["1", None], "RatecodeID", GAPPED),
    ("yellow", "2011-01", "RatecodeID", "int64", [1, None], "RatecodeID", GAPPED),
    ("yellow", "2018-07", "RatecodeID", "double", [1.0, None], "RatecodeID", GAPPED),
    ("yellow", "2023-02", "RatecodeID", "int64", [1, None], "RatecodeID", GAPPED),
    ("yellow", "2009-01", "Passenger_Count", "int64", [1, None], "passenger_count", GAPPED),
    ("yellow", "2018-07", "passenger_count", "double", [1.0, None], "passenger_count", GAPPED),
    ("yellow", "2023-02", "passenger_count", "int64", [1, None], "passenger_count", GAPPED),
    ("yellow", "2009-01", "Payment_Type", "string", ["Credit", "CASH", None],
     "payment_type", [1, 2, None]),
    ("yellow", "2010-12", "payment_type", "string", ["CRE", "CSH", "No Charge", "Dis "],
     "payment_type", [1, 2, 3, 4]),
    ("yellow", "2011-01", "payment_type", "int64", [1, 6], "payment_type", [1, 6]),
    ("yellow", "2009-01", "vendor_name", "string", ["CMT", "VTS", "DDS"], "VendorID", [1, 2, 3]),
    ("yellow", "2010-12", "vendor_id", "string", ["VTS", None], "VendorID", [2, None]),
    ("yellow", "2009-01", "store_and_forward", "double", [1.0, 0.0, None],
     "store_and_fwd_flag", ["Y", "N", None]),
    ("yellow", "2010-12", "store_and_fwd_flag", "string", ["1", "0.0", "Y", "n"],
     "store_and_fwd_flag", ["Y", "N", "Y", "N"]),
    ("yellow", "2023-02", "store_and_fwd_flag", "large_string", ["Y", None],
     "store_and_fwd_flag", ["Y", None]),
    ("yellow", "2009-01", "Start_Lon", "double", [-73.99, 0.0, -0.0],
     "pickup_longitude", [-73.99, None, None]),
    ("yellow", "2010-12", "dropoff_latitude", "double", [40.7, 0.0],
     "dropoff_latitude", [40.7, None]),
    ("yellow", "2009-01", "surcharge", "double", [0.5], "extra", [0.5]),
    ("yellow", "2011-01", "VendorID", "int64", [1, None], "VendorID", GAPPED),
    ("yellow", "2023-02", "VendorID", "int32", [1, None], "VendorID", GAPPED),
    ("yellow", "2023-02", "DOLocationID", "int32", [265], "DOLocationID", [265]),
    ("yellow", "2011-02", "congestion_surcharge", "null", [None], "congestion_surcharge", [None]),
    ("yellow", "2011-03", "congestion_surcharge", "double", [2.5], "congestion_surcharge", [2.5]),
    ("yellow", "2020-10", "airport_fee", "null", [None], "airport_fee", [None]),
    ("yellow", "2020-11", "airport_fee", "double", [1.25], "airport_fee", [1.25]),
    ("yellow", "2011-01", "airport_fee", "null", [None], "airport_fee", [None]),
    ("yellow", "2023-02", "Airport_fee", "double", [1.75], "airport_fee", [1.75]),
    ("yellow", "2014-08", "improvement_surcharge", "null", [None], "improvement_surcharge", [None]),
    ("yellow", "2025-01", "cbd_congestion_fee", "double", [0.75], "cbd_congestion_fee", [0.75]),
    ("yellow", "2026-06", "request_source", "large_string", ["A"], "request_source", ["A"]),
    ("green", "2023-01", "VendorID", "int64", [2], "VendorID", [2]),
    ("green", "2023-02", "PULocationID", "int32", [74], "PULocationID", [74]),
    ("green", "2023-01", "trip_type", "double", [1.0, None], "trip_type", GAPPED),
    ("green", "2023-02", "trip_type", "int64", [1, None], "trip_type", GAPPED),
    ("green", "2018-01", "payment_type", "int64", [1, None], "payment_type", GAPPED),
    ("green", "2019-08", "ehail_fee", "double", [0.5, None], "ehail_fee", [0.5, None]),
    ("green", "2019-09", "ehail_fee", "null", [None], "ehail_fee", [None]),
    ("green", "2023-02", "ehail_fee", "double", [None], "ehail_fee", [None]),
    ("green", "2014-02", "improvement_surcharge", "null", [None], "improvement_surcharge", [None]),
    ("green", "2026-06", "request_source", "large_string", ["CC"], "request_source", ["CC"]),
    ("fhv", "2015-01", "SR_Flag", "null", [None], "SR_Flag", [None]),
    ("fhv", "2017-05", "SR_Flag", "double", [1.0, None], "SR_Flag", GAPPED),
    ("fhv", "2023-02", "SR_Flag", "int64", [None], "SR_Flag", [None]),
    ("fhv", "2015-01", "dropOff_datetime", "null", [None], "dropoff_datetime", [None]),
    ("fhv", "2019-02", "PUlocationID", "double", [1.0, None], "PULocationID", GAPPED),
    ("fhv", "2019-05", "PUlocationID", "int64", [1, None], "PULocationID", GAPPED),
    ("fhv", "2020-07", "DOlocationID", "int64", [1, None], "DOLocationID", GAPPED),
    ("fhv", "2020-04", "dispatching_base_num", "string", ["B01124         ", "b02510", None],
     "dispatching_base_num", ["B01124", "B02510", None]),
    ("fhv", "2023-02", "Affiliated_base_number", "large_string", ["B02510"],
     "Affiliated_base_number", ["B02510"]),
    ("fhvhv", "2023-01", "PULocationID", "int64", [1], "PULocationID", [1]),
    ("fhvhv", "2023-02", "PULocationID", "int32", [1], "PULocationID", [1]),
    ("fhvhv", "2020-04", "airport_fee", "null", [None], "airport_fee", [None]),
    ("fhvhv", "2020-11", "airport_fee", "double", [2.5], "airport_fee", [2.5]),
    ("fhvhv", "2019-03", "wav_match_flag", "null", [None], "wav_match_flag", [None]),
    ("fhvhv", "2019-04", "wav_match_flag", "string", ["Y"], "wav_match_flag", ["Y"]),
    ("fhvhv", "2020-04", "access_a_ride_flag", "string", [" ", "N", None],
     "access_a_ride_flag", [None, "N", None]),
    ("fhvhv", "2025-01", "cbd_congestion_fee", "double", [1.5], "cbd_congestion_fee", [1.5]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "key", "name", "kind", "values", "wanted", "expected"),
    AS_PUBLISHED,
    ids=[f"{service}-{key}-{name}-{kind}" for service, key, name, kind, *_ in AS_PUBLISHED],
)
def test_what_tlc_published_comes_to_its_canonical_values(
    service: str, key: str, name: str, kind: str, values: Any, wanted: str, expected: Any
) -> None:
    published = pa.array(values, pa.type_for_alias(kind))
    assert canonical(service, key, name, published, wanted) == expected


UTC_NOON = pa.array([datetime(2021, 6, 30, 16)], pa.timestamp("us", "UTC"))
AS_SAVED_AGAIN = {
    "dictionary": (
        "store_and_fwd_flag",
        text("Y", "N", None).dictionary_encode(),
        ["Y", "N", None],
    ),
    "dictionary of numbers": ("RatecodeID", pa.array([1.0, None]).dictionary_encode(), GAPPED),
    "large string": ("store_and_fwd_flag", text("Y", kind="large_string"), ["Y"]),
    "string view": ("store_and_fwd_flag", pa.array(["Y", None], pa.string_view()), ["Y", None]),
    "bytes": ("store_and_fwd_flag", pa.array([b"Y"]), ["Y"]),
    "unsigned byte": ("PULocationID", pa.array([132], pa.uint8()), [132]),
    "unsigned long": ("PULocationID", pa.array([132], pa.uint64()), [132]),
    "short": ("PULocationID", pa.array([132], pa.int16()), [132]),
    "float32": ("trip_distance", pa.array([0.5, None], pa.float32()), [0.5, None]),
    "float32 count": ("passenger_count", pa.array([1.0, None], pa.float32()), GAPPED),
    "double of a code": ("PULocationID", pa.array([132.0]), [132]),
    "code of a double": ("fare_amount", pa.array([7], pa.int32()), [7.0]),
    "zone as text": ("PULocationID", text("132", " 7 ", None), [132, 7, None]),
    "zone as a decimal's text": ("PULocationID", text("132.0"), [132]),
    "fare as text": ("fare_amount", text("7.50", "-1e1"), [7.5, -10.0]),
    "decimal": ("fare_amount", pa.array([Decimal("7.10"), None]), [7.1, None]),
    "decimal count": ("passenger_count", pa.array([Decimal("2.00")]), [2]),
    "NaN in a count": ("passenger_count", pa.array([float("nan"), 1.0]), [None, 1]),
    "NaN in a float32 count": ("trip_type", pa.array([float("nan")], pa.float32()), [None]),
    "nanoseconds": ("lpep_pickup_datetime", pa.array([NOON], pa.timestamp("ns")), [NOON]),
    "milliseconds": ("lpep_pickup_datetime", pa.array([NOON], pa.timestamp("ms")), [NOON]),
    "time with a zone": ("lpep_pickup_datetime", UTC_NOON, [NOON]),
    "time as text": ("lpep_pickup_datetime", text("2021-06-30 12:00:00"), [NOON]),
    "time as ISO text": ("lpep_pickup_datetime", text("2021-06-30T12:00"), [NOON]),
    "date for a time": ("lpep_pickup_datetime", pa.array([NOON.date()]), [datetime(2021, 6, 30)]),
    "null": ("store_and_fwd_flag", pa.nulls(2), [None, None]),
    "null of another type": ("store_and_fwd_flag", pa.nulls(2, pa.float64()), [None, None]),
    "year 3019": (
        "lpep_pickup_datetime",
        pa.array([datetime(3019, 2, 3)], pa.timestamp("us")),
        [datetime(3019, 2, 3)],
    ),
}


@pytest.mark.parametrize("form", AS_SAVED_AGAIN)
def test_what_others_saved_again_comes_to_the_same_values(form: str) -> None:
    name, values, expected = AS_SAVED_AGAIN[form]
    assert canonical("green", "2021-01", name, values, name) == expected


def test_nan_stays_in_a_double() -> None:
    [value] = canonical(
        "green", "2021-01", "trip_distance", pa.array([float("nan")]), "trip_distance"
    )
    assert value != value


GREEN = TripMonth("green", 2021, 1)


def whole_file() -> pa.Table:
    return file_of(GREEN, VendorID=pa.array([2, 1]), fare_amount=pa.array([7.5, -3.0]))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda table: table.select(table.column_names[::-1]), id="backwards"),
        pytest.param(lambda t: t.rename_columns([n.upper() for n in t.column_names]), id="shouted"),
        pytest.param(lambda t: t.append_column("surge", pa.array([1, 2])), id="extra column"),
        pytest.param(lambda t: t.append_column("__index_level_0__", pa.array([0, 1])), id="index"),
        pytest.param(lambda t: t.append_column("__index_level_1__", pa.array([0, 1])), id="second"),
    ],
)
def test_order_case_extra_columns_and_indexes_make_no_difference(changed: Any) -> None:
    table = whole_file()
    assert conformed(GREEN, changed(table)).kept.equals(conformed(GREEN, table).kept)


def test_an_index_that_somebody_named_may_say_something_and_is_a_column_like_any_other() -> None:
    told = {"pandas": json.dumps({"index_columns": ["trip_key", {"kind": "range"}]})}
    table = whole_file().append_column("trip_key", text("a", "b")).replace_schema_metadata(told)
    assert match_columns(table.schema, GREEN).unknown_names == ["trip_key"]
    told = {"pandas": json.dumps({"index_columns": ["VendorID"]})}
    table = whole_file().replace_schema_metadata(told)
    assert conformed(GREEN, table).kept["VendorID"].to_pylist() == [2, 1]


@pytest.mark.parametrize("kind", ["int64", "int32", "double", "dictionary<values=int64>"])
@pytest.mark.parametrize(
    ("name", "wanted"), [("payment_type", "payment_type"), ("vendor_id", "VendorID")]
)
def test_a_file_of_2010_that_has_codes_already_keeps_them(
    kind: str, name: str, wanted: str
) -> None:
    codes = pa.array([1, 2, None, 4], "int64" if kind.startswith("dictionary") else kind)
    values = codes.dictionary_encode() if kind.startswith("dictionary") else codes
    assert canonical("yellow", "2010-01", name, values, wanted) == [1, 2, None, 4]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("passenger_count", pa.array([1.5]), "not_an_integer"),
        ("passenger_count", text(""), "unparseable_number"),
        ("lpep_pickup_datetime", text("soon"), "unparseable_timestamp"),
        ("lpep_pickup_datetime", text(""), "unparseable_timestamp"),
        ("lpep_pickup_datetime", text("  "), "unparseable_timestamp"),
        ("lpep_pickup_datetime", pa.array([2**58], pa.timestamp("us")), "out_of_range"),
    ],
    ids=str,
)
def test_what_is_no_value_of_its_column_is_refused_and_blank_text_is_none(
    name: str, values: pa.Array, reason: str
) -> None:
    rejected = conformed(GREEN, file_of(GREEN, **{name: values})).rejected
    assert rejected is not None
    assert (rejected.reasons, rejected.columns) == ([reason], [name])
