"""Values in and out: query parameters as Google's client sends them, rows as it reads them."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import (
    ArrayQueryParameter,
    ScalarQueryParameter,
    SchemaField,
    StructQueryParameter,
)
from google.cloud.bigquery._helpers import _rows_from_json
from support.googlesql import Warehouse

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.sql import encode_rows, readable, schema_of

MOMENT = datetime(2021, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
VALUES: list[tuple[str, Any]] = [
    ("INT64", -(2**63)),
    ("FLOAT64", 1.5),
    ("FLOAT64", math.inf),
    ("STRING", "it's ? @p \\ \" -- {0} $1"),
    ("STRING", ""),
    ("BOOL", True),
    ("DATE", date(2021, 1, 2)),
    ("DATETIME", datetime(2021, 1, 2, 3, 4, 5, 678901)),
    ("TIMESTAMP", MOMENT),
    ("NUMERIC", Decimal("12345678901234567890.123456789")),
    ("INT64", None),
    ("STRING", None),
]


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


def read(warehouse: Warehouse, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Return rows as Google's client reads them, from wire cells."""
    statement = warehouse.compile(sql, [parameter.to_api_repr() for parameter in parameters])
    warehouse.connection.execute(statement.sql)
    fields = schema_of(warehouse.connection.description or [])
    rows = warehouse.connection.execute(
        f"SELECT {readable(fields)} FROM ({statement.sql})"
    ).fetchall()
    wire = encode_rows(rows, fields, int64_timestamps=True)
    schema = [SchemaField.from_api_repr(field) for field in fields]
    return [row.values() for row in _rows_from_json(wire, schema)]


@pytest.mark.parametrize(("type_", "value"), VALUES, ids=str)
def test_a_parameter_comes_back_as_the_value_it_was(
    warehouse: Warehouse, type_: str, value: Any
) -> None:
    named = ScalarQueryParameter("p", type_, value)
    assert read(warehouse, "SELECT @p", [named]) == [(value,)]
    positional = ScalarQueryParameter(None, type_, value)
    assert read(warehouse, "SELECT ? AS x, 'b' AS y", [positional]) == [(value, "b")]


@pytest.mark.parametrize(
    ("type_", "values"),
    [("INT64", [1, 2]), ("STRING", ["a'b", ""]), ("DATE", [date(2021, 1, 2)]), ("INT64", [])],
)
def test_an_array_parameter_comes_back(warehouse: Warehouse, type_: str, values: list[Any]) -> None:
    assert read(warehouse, "SELECT @p", [ArrayQueryParameter("p", type_, values)]) == [(values,)]


def test_positional_parameters_are_taken_in_the_order_of_the_text(warehouse: Warehouse) -> None:
    parameters = [ScalarQueryParameter(None, "INT64", number) for number in (1, 2, 3)]
    sql = "WITH q AS (SELECT ? AS a) SELECT a, ? AS b FROM q WHERE 3 = ?"
    assert read(warehouse, sql, parameters) == [(1, 2)]


def test_a_parameter_filters_by_an_array(warehouse: Warehouse) -> None:
    parameter = ArrayQueryParameter("services", "STRING", ["yellow", "green"])
    sql = "SELECT s FROM UNNEST(['fhv', 'green']) AS s WHERE s IN UNNEST(@services)"
    assert read(warehouse, sql, [parameter]) == [("green",)]


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ({"parameterType": {"type": "INT64"}, "parameterValue": {"value": "1.5"}}, 400),
        ({"parameterType": {"type": "BOOL"}, "parameterValue": {"value": "yes"}}, 400),
        ({"parameterType": {"type": "FLOAT64"}, "parameterValue": {"value": "x"}}, 400),
        ({"parameterType": {"type": "GEOGRAPHY"}, "parameterValue": {"value": "x"}}, 501),
        (StructQueryParameter("p", ScalarQueryParameter("a", "INT64", 1)).to_api_repr(), 501),
    ],
    ids=str,
)
def test_a_bad_parameter_is_refused(
    warehouse: Warehouse, resource: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError, match=str(status)):
        warehouse.compile("SELECT @p", [{"name": "p", **resource}])


def test_names_and_positions_do_not_mix(warehouse: Warehouse) -> None:
    named, positional = (ScalarQueryParameter(name, "INT64", 1) for name in ("a", None))
    with pytest.raises(ApiError, match="400"):
        warehouse.compile("SELECT @a, ?", [named.to_api_repr(), positional.to_api_repr()])


def test_the_client_reads_every_type_as_it_was(warehouse: Warehouse) -> None:
    sql = """SELECT 1 AS i, 1e300 AS f, CAST('nan' AS FLOAT64) AS n, CAST('-inf' AS FLOAT64) AS m,
      TRUE AS b, 'x' AS s, MD5('a') AS y, DATE '2021-01-02' AS d,
      DATETIME '2021-01-02 03:04:05' AS dt, DATETIME '2021-01-02 03:04:05.000001' AS du,
      TIMESTAMP '1969-12-31 23:59:59.999999+00' AS ts, NUMERIC '-1.500' AS c,
      [TIMESTAMP '2021-01-02 03:04:05.678901+00'] AS a, CAST(NULL AS STRING) AS z"""
    [row] = read(warehouse, sql, [])
    assert math.isnan(row[2])
    assert row[:2] + row[3:7] == (1, 1e300, -math.inf, True, "x", bytes.fromhex("0cc175b9c0f1b6a831c399e269772661"))  # fmt: skip # noqa: E501
    assert row[7:] == (
        date(2021, 1, 2),
        datetime(2021, 1, 2, 3, 4, 5),
        datetime(2021, 1, 2, 3, 4, 5, 1),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        Decimal("-1.5"),
        [MOMENT],
        None,
    )


def test_a_request_without_integer_timestamps_gets_seconds(warehouse: Warehouse) -> None:
    field = {"name": "t", "type": "TIMESTAMP", "mode": "NULLABLE"}
    [row] = encode_rows([[1_500_000]], [field], int64_timestamps=False)
    assert row == {"f": [{"v": "1.5"}]}
    [aware] = encode_rows([[MOMENT]], [field], int64_timestamps=True)
    assert aware == {"f": [{"v": str(int(MOMENT.timestamp()) * 1_000_000 + 678901)}]}


def test_a_sum_of_integers_is_an_integer_whatever_duckdb_calls_it() -> None:
    [field] = schema_of([("n", "HUGEINT")])
    assert field["type"] == "INTEGER"
    with pytest.raises(ApiError, match="400"):
        encode_rows([[2**63]], [field], int64_timestamps=True)


def test_a_type_that_bigquery_does_not_have_is_refused() -> None:
    with pytest.raises(ApiError, match="501"):
        schema_of([("m", "MAP(VARCHAR, BIGINT)")])
