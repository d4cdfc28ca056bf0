"""Read a service's schema from its TOML file.

Belongs here: the files' form. Not here: what is read into (``service.py``, ``eras.py``).

``[roles]`` names canonical columns, ``[[columns]]`` are the canonical columns in order, and
``[[eras]]`` the file layouts, oldest first. An era with ``extends`` is the era of that name with
the keys that it states itself replaced, but for ``last`` and ``unsettled``; a column that it
states takes the place of the one of its name, or of the one that it ``replaces``, and else comes
last. A column of a file ``means`` the canonical column of its own name unless it says another;
``nothing`` where it means none.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pipeline.schemas.eras import Era, FileColumn
from pipeline.schemas.service import SOURCE_MONTH, Column, Roles, ServiceSchema
from pipeline.schemas.values import mappings, rules

NOTHING: Final = "nothing"
OF_ITS_OWN: Final[Mapping[str, Any]] = {"last": None, "unsettled": ()}
"""What an era does not have from the one that it extends."""


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
    rule = rules()[entry["rule"]] if "rule" in entry else None
    return Column(**{**entry, "rule": rule})


def _eras(entries: list[dict[str, Any]], columns: tuple[Column, ...]) -> tuple[Era, ...]:
    whole: dict[str, dict[str, Any]] = {}
    for entry in entries:
        base = whole.get(entry.get("extends", ""), {"columns": {}})
        changed = _changed(base["columns"], entry.get("columns", []))
        whole[entry["name"]] = {**base, **OF_ITS_OWN, **entry, "columns": changed}
    return tuple(_era(entry, columns) for entry in whole.values())


def _changed(base: Mapping[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns by name: a change takes the place of its like, or comes last."""
    changes_of = {change.get("replaces", change["name"]): change for change in changes}
    kept = [changes_of.pop(name, column) for name, column in base.items()]
    return {column["name"]: column for column in (*kept, *changes_of.values())}


def _era(entry: Mapping[str, Any], columns: tuple[Column, ...]) -> Era:
    return Era(
        name=entry["name"],
        first=entry["first"],
        last=entry["last"],
        columns=tuple(_file_column(column, columns) for column in entry["columns"].values()),
        compression=entry["compression"],
        statistics=entry["statistics"],
        row_group_rows=entry.get("row_group_rows"),
        about=entry["about"],
        unsettled=tuple(entry["unsettled"]),
    )


def _file_column(entry: Mapping[str, Any], columns: tuple[Column, ...]) -> FileColumn:
    means = entry.get("means", entry["name"])
    exceptions = entry.get("except", {})
    return FileColumn(
        name=entry["name"],
        arrow_type=entry["type"],
        canonical=None if means == NOTHING else _named(means, columns).name,
        mapping=mappings()[entry["mapping"]] if "mapping" in entry else None,
        exceptions={kind: tuple(map(_months, ranges)) for kind, ranges in exceptions.items()},
    )


def _named(name: str, columns: tuple[Column, ...]) -> Column:
    return next(column for column in columns if column.matches(name))


def _months(text: str) -> tuple[str, str]:
    """Return ``2019-01..2020-07`` as its first and last month; a single month as both."""
    first, _, last = text.partition("..")
    return first, last or first
