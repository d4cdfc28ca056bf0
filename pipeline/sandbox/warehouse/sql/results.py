"""Result sets on the wire: DuckDB's column types as BigQuery fields, Python values as JSON cells.

Belongs here: encoding. Not here: paging, jobs, or reading tables.
"""

import base64
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.errors import invalid_query

Field = dict[str, Any]

_FIELD_TYPES = {
    "BIGINT": "INTEGER",
    "HUGEINT": "INTEGER",
    "INTEGER": "INTEGER",
    "SMALLINT": "INTEGER",
    "TINYINT": "INTEGER",
    "UINTEGER": "INTEGER",
    "UBIGINT": "INTEGER",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "VARCHAR": "STRING",
    "BLOB": "BYTES",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    # An untyped NULL is an INT64 in BigQuery.
    '"NULL"': "INTEGER",
    "NULL": "INTEGER",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMERIC_STEP = Decimal(1).scaleb(-9)
_EXACT = Context(prec=80)


def schema_of(description: Sequence[Sequence[Any]]) -> list[Field]:
    """Return the fields of a DuckDB cursor's ``description``, in the REST API's legacy type names.

    Raises ApiError 400 for two columns of one name, 501 for a type that BigQuery or the sandbox
    does not have.
    """
    names = Counter(str(column[0]).lower() for column in description)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise invalid_query(
            "Duplicate column names in the result are not supported. "
            f"Found duplicate(s): {', '.join(twice)}"
        )
    return [_field(str(column[0]), str(column[1])) for column in description]


def _field(name: str, type_: str) -> Field:
    if type_.endswith("[]"):
        element = _field(name, type_.removesuffix("[]"))
        if element["mode"] == "REPEATED":
            raise NotImplementedHere("arrays of arrays")
        return {**element, "mode": "REPEATED"}
    if re.match(r"DECIMAL\(", type_):
        return {"name": name, "type": "NUMERIC", "mode": "NULLABLE"}
    if type_ not in _FIELD_TYPES:
        raise NotImplementedHere(f"results of DuckDB type {type_} (column {name})")
    return {"name": name, "type": _FIELD_TYPES[type_], "mode": "NULLABLE"}


def readable(fields: Sequence[Field]) -> str:
    """Return the select list that reads ``fields`` from a DuckDB relation for ``encode_rows``.

    Timestamps are read as microseconds since 1970: DuckDB's Python client needs pytz for them.
    """
    return ", ".join(_readable(field) for field in fields)


def _readable(field: Field) -> str:
    name = '"' + str(field["name"]).replace('"', '""') + '"'
    if field["type"] != "TIMESTAMP":
        return name
    if field["mode"] == "REPEATED":
        return f"list_transform({name}, lambda moment: epoch_us(moment)) AS {name}"
    return f"epoch_us({name}) AS {name}"


def encode_rows(
    rows: Iterable[Sequence[Any]], fields: Sequence[Field], *, int64_timestamps: bool
) -> list[dict[str, Any]]:
    """Return ``rows`` as the REST API's ``{"f": [{"v": ...}]}``.

    ``int64_timestamps`` is the request's ``formatOptions.useInt64Timestamp``: microseconds instead
    of seconds as a float. Timestamps are aware datetimes, or microseconds (see ``readable``).
    """
    return [
        {
            "f": [
                {"v": _cell(value, field, int64_timestamps)}
                for value, field in zip(row, fields, strict=True)
            ]
        }
        for row in rows
    ]


def _cell(value: Any, field: Field, int64_timestamps: bool) -> Any:
    if field["mode"] != "REPEATED":
        return None if value is None else _scalar(value, field["type"], int64_timestamps)
    # BigQuery has no NULL arrays in results, and no arrays with NULLs.
    elements = value if value is not None else []
    if any(element is None for element in elements):
        raise invalid_query(
            f"Array cannot have a null element; error in writing field {field['name']}"
        )
    return [{"v": _scalar(element, field["type"], int64_timestamps)} for element in elements]


def _scalar(value: Any, type_: str, int64_timestamps: bool) -> str:
    if type_ == "TIMESTAMP":
        return _timestamp(value, int64_timestamps)
    return _ENCODERS.get(type_, str)(value)


def _integer(value: int) -> str:
    if not -(2**63) <= value < 2**63:
        raise invalid_query(f"int64 overflow: {value}")
    return str(value)


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _numeric(value: Any) -> str:
    rounded = Decimal(value).quantize(_NUMERIC_STEP, ROUND_HALF_UP, _EXACT)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _bytes(value: bytes) -> str:
    return base64.standard_b64encode(value).decode("ascii")


def _clock(value: Any) -> str:
    if not isinstance(value, (date, time)):
        raise invalid_query(f"date or time out of BigQuery's range (years 1 to 9999): {value}")
    return value.isoformat()


def _timestamp(value: Any, int64_timestamps: bool) -> str:
    if isinstance(value, datetime):
        elapsed = value - _EPOCH
        value = (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
    return str(value) if int64_timestamps else repr(value / 1_000_000)


_ENCODERS: dict[str, Callable[[Any], str]] = {
    "INTEGER": _integer,
    "FLOAT": _float,
    "BOOLEAN": lambda value: "true" if value else "false",
    "NUMERIC": _numeric,
    "BYTES": _bytes,
    "DATE": _clock,
    "TIME": _clock,
    "DATETIME": _clock,
}
