"""Newline-delimited JSON as a load job reads it: by key, strictly by type.

Belongs here: the expressions that read JSON values into BigQuery types. Not here: writing rows
(``load.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from pipeline.sandbox.http import Invalid
from pipeline.sandbox.warehouse.database import literal
from pipeline.sandbox.warehouse.parquet import READING
from pipeline.sandbox.warehouse.schema import DUCKDB_TYPES, Field, by_name

_CIVIL: Final = r"\d{4}-\d{1,2}-\d{1,2}([ Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?"
_PATTERNS: Final = {
    "INTEGER": r"[+-]?\d+(\.0*)?",
    "FLOAT": r"(?i)[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)",
    "NUMERIC": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "BOOLEAN": r"(?i)true|false",
    "DATE": r"\d{4}-\d{1,2}-\d{1,2}",
    "DATETIME": _CIVIL,
    "TIMESTAMP": _CIVIL + r" ?(Z|z|UTC|[+-]\d{1,2}(:?\d{2})?)?",
    "STRING": r"(?s).*",
    "BYTES": r"[A-Za-z0-9+/]*={0,2}",
}


@dataclass(frozen=True)
class JsonLines:
    """A local file with one JSON object a line; ``keys`` are all that occur in it."""

    path: Path
    source: str
    keys: tuple[str, ...]
    ignore_unknown: bool

    @property
    def relation(self) -> str:
        """The SQL that reads its objects, as the column ``json``."""
        return f"read_ndjson_objects({literal(str(self.path))})"

    def fields(self) -> list[Field]:
        """Return nothing: JSON tells no schema."""
        return []

    def projection(self, fields: Sequence[Field]) -> list[tuple[Field, str]]:
        """Return, for each of ``fields`` that occurs, the SQL that reads it; 400 for others."""
        wanted = by_name(fields)
        known = [key for key in self.keys if key.casefold() in wanted]
        unknown = sorted(set(self.keys) - set(known))
        if unknown and not self.ignore_unknown:
            raise Invalid(
                f"{READING}JSON processing encountered too many errors, giving up. No such "
                f"field: {unknown[0]}."
            )
        spellings: dict[str, list[str]] = {}
        for key in known:
            spellings.setdefault(key.casefold(), []).append(key)
        return [(wanted[name], _value(wanted[name], keys)) for name, keys in spellings.items()]


def opened(
    cursor: duckdb.DuckDBPyConnection, path: Path, source: str, ignore_unknown: bool
) -> JsonLines:
    """Return the file's keys; raise ApiError 400 where a line is no JSON object."""
    objects = f"read_ndjson_objects({literal(str(path))})"
    try:
        odd = cursor.execute(
            f"SELECT count(*) FROM {objects} WHERE json_type(json) != 'OBJECT'"
        ).fetchone()
        keys = cursor.execute(
            f"SELECT DISTINCT unnest(json_keys(json)) AS key FROM {objects} ORDER BY key"
        ).fetchall()
    except duckdb.Error as error:
        detail = str(error).partition("\n")[0]
        raise Invalid(f"{READING}Failed to parse JSON: {detail}") from error
    if odd != (0,):
        raise Invalid(f"{READING}Failed to parse JSON: a line is not an object")
    return JsonLines(path, source, tuple(key for (key,) in keys), ignore_unknown)


def _value(field: Field, keys: Sequence[str]) -> str:
    texts = [f"json_extract_string(json, {literal(_path(key))})" for key in keys]
    text = f"coalesce({', '.join(texts)})"
    kind, name = field["type"], field["name"]
    bad = literal(f"{READING}Could not convert value to {kind}. Field: {name}; Value: ")
    pattern = literal(_PATTERNS[field["type"]])
    return (
        f"CASE WHEN {text} IS NULL THEN NULL "
        f"WHEN regexp_full_match({text}, {pattern}) THEN {_converted(field['type'], text)} "
        f"ELSE error({bad} || {text}) END"
    )


def _converted(kind: str, text: str) -> str:
    if kind == "BYTES":
        return f"from_base64({text})"
    if kind == "INTEGER":
        return f"CAST(regexp_extract({text}, '[+-]?\\d+') AS BIGINT)"
    return f"CAST({text} AS {DUCKDB_TYPES[kind]})"


def _path(key: str) -> str:
    return '$."' + key.replace('"', '\\"') + '"'
