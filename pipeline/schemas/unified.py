"""What the trips of all services have in common: the unified columns, and what each is made of.

Belongs here: their reader; the columns are declared in ``unified.toml``, what they are made of in
each service's table ``[unified]``. Not here: the views that show them (``bigquery/views.py``).
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.schemas.reader import service_schema
from pipeline.schemas.service import SOURCE_MONTH, Column

SERVICE_COLUMN = "service"
"""The unified column that names the service; no canonical column does."""


@cache
def unified_columns() -> tuple[Column, ...]:
    """Return the columns in order; a name, kind, description and unit each."""
    return tuple(Column(**entry) for entry in _declared("unified")["columns"])


@cache
def unified_sources(service: str) -> dict[str, tuple[Column, ...]]:
    """Return the canonical columns of ``service`` that each unified column is made of, by name.

    Several are summed: the first is needed, another that is null counts as nothing. A text made of
    a column with codes is their meaning. A unified column that the service does not publish, and
    ``service`` itself, are missing.
    """
    schema = service_schema(service)
    told = {SOURCE_MONTH.name: SOURCE_MONTH.name, **_declared(service)["unified"]}
    return {
        name: tuple(schema.column(source) for source in _listed(sources))
        for name, sources in told.items()
    }


def _listed(sources: str | list[str]) -> list[str]:
    return [sources] if isinstance(sources, str) else sources


def _declared(name: str) -> dict[str, Any]:
    return tomllib.loads(files("pipeline.schemas").joinpath(f"{name}.toml").read_text("utf-8"))
