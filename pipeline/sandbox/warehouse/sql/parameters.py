"""Query parameters of the REST API, as typed literals.

Belongs here: reading ``queryParameters`` and putting them into the statement.
Not here: text substitution of any kind; values only ever enter as literals of the syntax tree.
"""

import math
from typing import Any

from sqlglot import exp

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.sql.dialect import duck, string
from pipeline.sandbox.warehouse.sql.errors import invalid_query

DUCKDB_TYPES = {
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "INT64": "BIGINT",
    "INTEGER": "BIGINT",
    "FLOAT64": "DOUBLE",
    "FLOAT": "DOUBLE",
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "NUMERIC": "DECIMAL(38, 9)",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ",
    "TIME": "TIME",
}
"""BigQuery type names, both spellings, and how each is stored."""

Parameters = dict[str, exp.Expression] | list[exp.Expression]


def read_parameters(resources: list[dict[str, Any]]) -> Parameters:
    """Return literals by lower-case name, or in order where the parameters are positional.

    Raises ApiError 400 where named and positional are mixed or a value does not fit its type.
    """
    values = [
        _literal(r.get("parameterType") or {}, r.get("parameterValue") or {}) for r in resources
    ]
    names = [str(resource.get("name") or "").lower() for resource in resources]
    if not any(names):
        return values
    if not all(names):
        raise Invalid("named and positional parameters cannot be mixed")
    return dict(zip(names, values, strict=True))


def bind(tree: exp.Expression, parameters: Parameters) -> None:
    """Replace every ``@name`` and ``?`` of ``tree`` in place; raise 400 where one has no value."""
    positional = sorted(tree.find_all(exp.Placeholder), key=lambda node: node.meta["start"])
    for number, node in enumerate(positional):
        if not isinstance(parameters, list) or number >= len(parameters):
            raise invalid_query(f"Query parameter number {number + 1} is not defined")
        node.replace(parameters[number].copy())
    for named in list(tree.find_all(exp.Parameter)):
        name = named.name
        if not isinstance(parameters, dict) or name.lower() not in parameters:
            raise invalid_query(f"Query parameter '{name}' not found")
        named.replace(parameters[name.lower()].copy())


def _literal(type_: dict[str, Any], value: dict[str, Any]) -> exp.Expression:
    name = str(type_.get("type") or "").upper()
    if name == "ARRAY":
        return _array(type_.get("arrayType") or {}, value)
    if name not in DUCKDB_TYPES or name in ("BYTES", "TIME"):
        raise NotImplementedHere(f"query parameters of type {name or 'unknown'}")
    text = value.get("value")
    if text is None:
        return duck(f"CAST(NULL AS {DUCKDB_TYPES[name]})")
    _check(name, str(text))
    if name == "STRING":
        return string(str(text))
    return duck(f"CAST({{0}} AS {DUCKDB_TYPES[name]})", string(str(text)))


def _array(type_: dict[str, Any], value: dict[str, Any]) -> exp.Expression:
    element = str(type_.get("type") or "").upper()
    literals = [_literal(type_, item) for item in value.get("arrayValues") or []]
    if element not in DUCKDB_TYPES:
        raise NotImplementedHere(f"query parameters of type ARRAY<{element}>")
    holes = ", ".join(f"{{{position}}}" for position in range(len(literals)))
    return duck(f"CAST([{holes}] AS {DUCKDB_TYPES[element]}[])", *literals)


def _check(name: str, text: str) -> None:
    """Refuse what DuckDB's casts would let pass: 1.5 for INT64, "yes" for BOOL."""
    try:
        if name in ("INT64", "INTEGER") and not -(2**63) <= int(text) < 2**63:
            raise ValueError
        if name in ("FLOAT64", "FLOAT"):
            math.isnan(float(text))
    except ValueError:
        raise invalid_query(f"Invalid value for type {name}: {text!r}") from None
    if name in ("BOOL", "BOOLEAN") and text.lower() not in ("true", "false"):
        raise invalid_query(f"Invalid value for type {name}: {text!r}")
