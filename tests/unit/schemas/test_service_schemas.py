"""The canonical schemas."""

import re

import pyarrow as pa
import pytest

from pipeline.core.months import SERVICES
from pipeline.schemas import ServiceSchema, service_schema
from pipeline.schemas.service import ARROW_TYPES


@pytest.fixture(params=SERVICES)
def schema(request: pytest.FixtureRequest) -> ServiceSchema:
    return service_schema(request.param)


def test_every_column_has_a_description_and_a_known_kind(schema: ServiceSchema) -> None:
    for column in schema.columns:
        assert column.description.endswith("."), column
        assert column.kind in ARROW_TYPES, column


def test_column_names_are_unique_whatever_their_case(schema: ServiceSchema) -> None:
    names = [name for column in schema.columns for name in (column.name, *column.aliases)]
    assert len({name.casefold() for name in names}) == len(names)


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


def test_every_canonical_column_is_in_the_newest_files(schema: ServiceSchema) -> None:
    newest = [column.canonical for column in schema.eras[-1].columns]
    assert [column.name for column in schema.columns] == ["source_month", *newest]


def test_roles_are_columns_of_the_right_kind(schema: ServiceSchema) -> None:
    roles = schema.roles
    for name, kind in [
        (roles.pickup_time, "datetime"),
        (roles.dropoff_time, "datetime"),
        (roles.pickup_zone, "int64"),
        (roles.dropoff_zone, "int64"),
    ]:
        assert name is not None
        assert schema.column(name).kind == kind


def test_only_taxis_have_a_total_amount() -> None:
    with_total = {name for name in SERVICES if service_schema(name).roles.total_amount}
    assert with_total == {"yellow", "green"}


@pytest.mark.parametrize(
    ("service", "name", "bigquery", "postgres"),
    [
        ("yellow", "source_month", "DATE", "date"),
        ("yellow", "VendorID", "INT64", "bigint"),
        ("yellow", "airport_fee", "FLOAT64", "double precision"),
        ("yellow", "request_source", "STRING", "text"),
        ("fhv", "dropoff_datetime", "DATETIME", "timestamp"),
    ],
)
def test_a_column_has_its_types_in_both_warehouses(
    service: str, name: str, bigquery: str, postgres: str
) -> None:
    column = service_schema(service).column(name)
    assert (column.bigquery_type, column.postgres_type) == (bigquery, postgres)


def test_money_says_its_unit_and_codes_say_their_meaning() -> None:
    yellow = service_schema("yellow")
    assert yellow.column("fare_amount").unit == "US dollars"
    assert yellow.column("payment_type").codes["0"] == "Flex Fare"
    assert service_schema("fhvhv").column("trip_time").unit == "seconds"


def test_an_unknown_column_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="airport"):
        service_schema("yellow").column("airport")


def test_the_schema_is_read_once() -> None:
    assert service_schema("green") is service_schema("green")
