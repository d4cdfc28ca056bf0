"""Read a service's schema from its TOML file.

Belongs here: the files' form. Not here: what is read into (``service.py``, ``eras.py``).

``[roles]`` names canonical columns, ``[[columns]]`` are the canonical columns in order, and
``[[eras]]`` the file layouts, oldest first. An era with ``extends`` is the era of that name with
the keys that it states itself replaced, and its columns appended.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.schemas.eras import Era, FileColumn
from pipeline.schemas.service import SOURCE_MONTH, Column, Roles, ServiceSchema


@cache
def service_schema(service: str) -> ServiceSchema:
    """Return the schema of ``service`` (yellow, green, fhv or fhvhv), read once per process."""
    data = tomllib.loads(files("pipeline.schemas").joinpath(f"{service}.toml").read_text("utf-8"))
    columns = (SOURCE_MONTH, *(_column(entry) for entry in data["columns"]))
    return ServiceSchema(
        service=service,
        version=data["version"],
        columns=columns,
        roles=Roles(**data["roles"]),
        eras=_eras(data["eras"], columns),
    )


def _column(entry: Mapping[str, Any]) -> Column:
    return Column(**{**entry, "aliases": tuple(entry.get("aliases", ()))})


def _eras(entries: list[dict[str, Any]], columns: tuple[Column, ...]) -> tuple[Era, ...]:
    whole: dict[str, dict[str, Any]] = {}
    for entry in entries:
        base = whole.get(entry.get("extends", ""), {"columns": []})
        added = entry.get("columns", [])
        whole[entry["name"]] = {**base, "last": None, **entry, "columns": base["columns"] + added}
    return tuple(_era(entry, columns) for entry in whole.values())


def _era(entry: Mapping[str, Any], columns: tuple[Column, ...]) -> Era:
    return Era(
        name=entry["name"],
        first=entry["first"],
        last=entry["last"],
        columns=tuple(_file_column(column, columns) for column in entry["columns"]),
        compression=entry["compression"],
        statistics=entry["statistics"],
        row_group_rows=entry.get("row_group_rows"),
    )


def _file_column(entry: Mapping[str, Any], columns: tuple[Column, ...]) -> FileColumn:
    name = entry["name"]
    exceptions = entry.get("except", {})
    return FileColumn(
        name=name,
        arrow_type=entry["type"],
        canonical=next(column.name for column in columns if column.matches(name)),
        exceptions={kind: tuple(map(_months, ranges)) for kind, ranges in exceptions.items()},
    )


def _months(text: str) -> tuple[str, str]:
    """Return ``2019-01..2020-07`` as its first and last month; a single month as both."""
    first, _, last = text.partition("..")
    return first, last or first
