"""BigQuery schemas: what is a valid one, what a table may become, which DuckDB types hold it.

Belongs here: fields as the REST API spells them, and their DuckDB counterparts. Not here: parquet
(``parquet.py``), rows on the wire (``sql/``).
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.database import quoted

Field = dict[str, Any]

STANDARD_NAMES: Final = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
"""The REST API answers the older names, whichever were sent."""

DUCKDB_TYPES: Final = {
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ",
    "NUMERIC": "DECIMAL(38, 9)",
}
_ATTRIBUTES: Final = {"name", "type", "mode", "description"}
_UNSUPPORTED_TYPES: Final = {"RECORD", "STRUCT", "JSON", "GEOGRAPHY", "INTERVAL", "BIGNUMERIC"} | {
    "TIME",
    "RANGE",
    "BIGDECIMAL",
}
_NAME: Final = re.compile(r"[^\W\d]\w{0,299}")


def normalized(schema: dict[str, Any] | None) -> list[Field]:
    """Return the fields of a REST ``schema`` in their one spelling.

    Raises:
        ApiError: 400, a name, type or mode is none, or a name comes twice.
        NotImplementedHere: nested or repeated fields, or types the sandbox does not hold.
    """
    fields = [_normalized_field(field) for field in (schema or {}).get("fields") or []]
    seen: set[str] = set()
    for field in fields:
        folded = field["name"].casefold()
        if folded in seen:
            raise Invalid(f"Field {field['name']} already exists in schema")
        seen.add(folded)
    return fields


def _normalized_field(field: Field) -> Field:
    name, kind = str(field.get("name", "")), str(field.get("type", "")).upper()
    kind, mode = STANDARD_NAMES.get(kind, kind), str(field.get("mode") or "NULLABLE").upper()
    if not _NAME.fullmatch(name):
        raise Invalid(
            f'Invalid field name "{name}". Fields must contain only letters, numbers, and '
            "underscores, start with a letter or underscore, and be at most 300 characters "
            "long."
        )
    if kind in _UNSUPPORTED_TYPES or mode == "REPEATED":
        raise NotImplementedHere(f"{mode} fields of type {kind} (field {name})")
    if kind not in DUCKDB_TYPES:
        raise Invalid(f"Invalid value for type: {kind} is not a valid value")
    if mode not in ("NULLABLE", "REQUIRED"):
        raise Invalid(f"Invalid value for mode: {mode} is not a valid value")
    unknown = {key for key, value in field.items() if value and key not in _ATTRIBUTES}
    if unknown:
        raise NotImplementedHere(f"{', '.join(sorted(unknown))} of field {name}")
    made = {"name": name, "type": kind, "mode": mode}
    return made | ({"description": field["description"]} if field.get("description") else {})


def column_ddl(field: Field) -> str:
    """Return the DuckDB column definition of ``field``."""
    required = " NOT NULL" if field["mode"] == "REQUIRED" else ""
    return f"{quoted(field['name'])} {DUCKDB_TYPES[field['type']]}{required}"


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Return ``fields`` keyed by case-folded name, as BigQuery compares names."""
    return {field["name"].casefold(): field for field in fields}


def check_evolution(table: str, old: list[Field], new: list[Field]) -> None:
    """Raise 400 unless a table with the fields ``old`` may be given the fields ``new``.

    Allowed: more NULLABLE fields, REQUIRED relaxed to NULLABLE, other descriptions.
    """
    wanted = by_name(new)
    for field in old:
        changed = wanted.get(field["name"].casefold())
        if changed is None:
            raise mismatch(table, f"Field {field['name']} is missing in new schema")
        check_same_type(table, field, changed)
        if changed["mode"] == "REQUIRED" and field["mode"] == "NULLABLE":
            raise _changed_mode(table, field, changed)
    added = wanted.keys() - by_name(old).keys()
    required = [name for name in added if wanted[name]["mode"] == "REQUIRED"]
    if required:
        raise mismatch(
            table, f"Cannot add required fields to an existing schema. (field: {required[0]})"
        )


def merged_for_load(
    table: str, old: list[Field], load: list[Field], options: Iterable[str]
) -> list[Field]:
    """Return the fields that a table has after a load with the schema ``load``.

    Raises ApiError 400 where the change needs a schema update option that was not given.
    """
    incoming = by_name(load)
    merged = [
        _merged_field(table, field, incoming.pop(field["name"].casefold(), None), options)
        for field in old
    ]
    for field in incoming.values():
        if "ALLOW_FIELD_ADDITION" not in options:
            raise mismatch(table, f"Cannot add fields (field: {field['name']})")
        if field["mode"] == "REQUIRED":
            raise mismatch(
                table, f"Cannot add required fields to an existing schema. (field: {field['name']})"
            )
    return merged + list(incoming.values())


def _merged_field(table: str, old: Field, new: Field | None, options: Iterable[str]) -> Field:
    if new is None:
        return old
    check_same_type(table, old, new)
    relaxes = old["mode"] == "REQUIRED" and "ALLOW_FIELD_RELAXATION" in options
    if old["mode"] != new["mode"] and not relaxes:
        raise _changed_mode(table, old, new)
    return old | {"mode": new["mode"]}


def check_same_type(table: str, old: Field, new: Field) -> None:
    """Raise 400 where ``new`` has another type than ``old``."""
    if old["type"] != new["type"]:
        raise mismatch(
            table, f"Field {old['name']} has changed type from {old['type']} to {new['type']}"
        )


def _changed_mode(table: str, old: Field, new: Field) -> ApiError:
    return mismatch(
        table, f"Field {old['name']} has changed mode from {old['mode']} to {new['mode']}"
    )


def mismatch(table: str, detail: str) -> ApiError:
    """Return the 400 with which BigQuery refuses a schema for an existing table."""
    return Invalid(f"Provided Schema does not match Table {table}. {detail}")
