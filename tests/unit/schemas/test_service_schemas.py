"""The canonical schemas."""

import re
from dataclasses import astuple

import pyarrow as pa
import pytest

from pipeline.core.months import SERVICES
from pipeline.schemas import ServiceSchema, service_schema
from pipeline.schemas.service import ARROW_TYPES

COORDINATES = ["pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"]


@pytest.fixture(params=SERVICES)
def schema(request: pytest.FixtureRequest) -> ServiceSchema:
    return service_schema(request.param)


def test_every_column_has_a_description_and_a_known_kind(schema: ServiceSchema) -> None:
    for column in schema.columns:
        assert column.description.endswith("."), column
        assert column.kind in ARROW_TYPES, column


def test_column_names_are_unique_whatever_their_case(schema: ServiceSchema) -> None:
    names = {column.name.casefold() for column in schema.columns}
    assert len(names) == len(schema.columns)


def test_a_column_is_found_by_any_case_of_its_name(schema: ServiceSchema) -> None:
    for column in schema.columns:
        assert schema.canonical(column.name.upper()) == column
    assert schema.canonical("__index_level_0__") is None


def test_the_version_fits_in_a_job_id(schema: ServiceSchema) -> None:
    assert re.fullmatch("[a-z0-9]+", schema.version)


def test_source_month_comes_first_and_is_the_only_column_that_is_never_null(
    schema: ServiceSchema,
) -> None:
    arrow = schema.arrow_schema()
    assert arrow.field(0) == pa.field("source_month", pa.date32(), nullable=False)
    assert all(field.nullable for field in list(arrow)[1:])


def test_every_canonical_type_is_one_of_five(schema: ServiceSchema) -> None:
    allowed = {pa.date32(), pa.int64(), pa.float64(), pa.string(), pa.timestamp("us")}
    assert set(schema.arrow_schema().types) <= allowed


def test_the_canonical_columns_are_those_of_the_newest_files_and_then_the_older_ones(
    schema: ServiceSchema,
) -> None:
    newest = [column.canonical for column in schema.eras[-1].columns]
    older = {"yellow": COORDINATES}.get(schema.service, [])
    assert [column.name for column in schema.columns] == ["source_month", *newest, *older]


def test_every_canonical_column_was_in_some_file(schema: ServiceSchema) -> None:
    held = {column.canonical for era in schema.eras for column in era.columns}
    assert {column.name for column in schema.columns} - {"source_month"} == held - {None}


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("yellow", "tpep_pickup_datetime tpep_dropoff_datetime PULocationID DOLocationID {taxi}"),
        ("green", "lpep_pickup_datetime lpep_dropoff_datetime PULocationID DOLocationID {taxi}"),
        ("fhv", "pickup_datetime dropoff_datetime PULocationID DOLocationID - - -"),
        (
            "fhvhv",
            "pickup_datetime dropoff_datetime PULocationID DOLocationID trip_miles "
            "base_passenger_fare -",
        ),
    ],
)
def test_roles_are_the_columns_that_play_them(service: str, names: str) -> None:
    told = names.format(taxi="trip_distance fare_amount total_amount").split()
    schema = service_schema(service)
    assert [*astuple(schema.roles)] == [None if name == "-" else name for name in told]
    kinds = [schema.column(name).kind for name in told if name != "-"]
    assert kinds == ["datetime", "datetime", "int64", "int64", *["float64"] * (len(kinds) - 4)]


@pytest.mark.parametrize(
    ("service", "name", "types"),
    [
        ("yellow", "source_month", ("date32", "DATE", "date")),
        ("yellow", "VendorID", ("int64", "INT64", "bigint")),
        ("yellow", "airport_fee", ("double", "FLOAT64", "double precision")),
        ("yellow", "request_source", ("string", "STRING", "text")),
        ("yellow", "pickup_longitude", ("double", "FLOAT64", "double precision")),
        ("fhv", "dropoff_datetime", ("timestamp[us]", "DATETIME", "timestamp")),
        ("fhvhv", "trip_time", ("int64", "INT64", "bigint")),
    ],
)
def test_a_column_has_its_types_in_arrow_and_both_warehouses(
    service: str, name: str, types: tuple[str, str, str]
) -> None:
    schema = service_schema(service)
    column = schema.column(name)
    assert (column.arrow_type, column.bigquery_type, column.postgres_type) == types
    assert schema.arrow_schema().field(name).type == pa.type_for_alias(types[0])


INTEGERS = "VendorID passenger_count RatecodeID PULocationID DOLocationID payment_type trip_type"


def test_a_column_is_of_the_kind_that_its_name_says(schema: ServiceSchema) -> None:
    for column in schema.columns[1:]:
        is_text = column.name.endswith(("_flag", "_num", "base_number", "request_source"))
        is_count = column.name in [*INTEGERS.split(), "SR_Flag", "trip_time"]
        is_time = column.name.endswith("datetime")
        kind = (
            "datetime" if is_time else "int64" if is_count else "string" if is_text else "float64"
        )
        assert column.kind == kind, column.name


UNITS = {
    "passengers": "passenger_count",
    "miles": "trip_distance trip_miles",
    "seconds": "trip_time",
    "degrees": "pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude",
    "US dollars": """fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge
        total_amount congestion_surcharge airport_fee cbd_congestion_fee ehail_fee
        base_passenger_fare tolls bcf sales_tax tips driver_pay""",
}


def test_every_amount_says_its_unit_and_nothing_else_has_one(schema: ServiceSchema) -> None:
    units = {name: unit for unit, names in UNITS.items() for name in names.split()}
    for column in schema.columns:
        assert column.unit == units.get(column.name), column.name


YES_OR_NO = ("Y", "N")
CODES = {
    ("yellow", "VendorID"): ("1", "2", "3", "6", "7"),
    ("green", "VendorID"): ("1", "2", "6"),
    ("green", "trip_type"): ("1", "2"),
    ("fhv", "SR_Flag"): ("1",),
    ("fhvhv", "hvfhs_license_num"): ("HV0002", "HV0003", "HV0004", "HV0005"),
    **{(taxi, "RatecodeID"): ("1", "2", "3", "4", "5", "6", "99") for taxi in ("yellow", "green")},
    **{(taxi, "payment_type"): tuple("0123456") for taxi in ("yellow", "green")},
    **{(taxi, "store_and_fwd_flag"): YES_OR_NO for taxi in ("yellow", "green")},
    ("fhvhv", "shared_request_flag"): YES_OR_NO,
    ("fhvhv", "shared_match_flag"): YES_OR_NO,
    ("fhvhv", "access_a_ride_flag"): YES_OR_NO,
    ("fhvhv", "wav_request_flag"): YES_OR_NO,
    ("fhvhv", "wav_match_flag"): YES_OR_NO,
}


def test_a_coded_column_has_the_codes_of_tlcs_dictionary(schema: ServiceSchema) -> None:
    """Vendor 3 is not TLC's: it is what a word of 2009 and 2010 is mapped to."""
    for column in schema.columns:
        assert tuple(column.codes) == CODES.get((schema.service, column.name), ()), column.name


@pytest.mark.parametrize(
    ("service", "name", "code", "meaning"),
    [
        ("yellow", "payment_type", "0", "Flex Fare"),
        ("yellow", "VendorID", "7", "Helix"),
        ("green", "RatecodeID", "3", "Newark"),
        ("green", "trip_type", "2", "Dispatch"),
        ("fhvhv", "hvfhs_license_num", "HV0003", "Uber"),
    ],
)
def test_a_code_says_its_meaning(service: str, name: str, code: str, meaning: str) -> None:
    assert service_schema(service).column(name).codes[code] == meaning


def test_an_unknown_column_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="airport"):
        service_schema("yellow").column("airport")


def test_the_schema_is_read_once() -> None:
    assert service_schema("green") is service_schema("green")
