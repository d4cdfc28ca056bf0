"""The schema of the taxi zones, as ``taxi_zones.toml`` declares it.

Belongs here: its reader. Not here: the lookup itself (``zones/``).
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from pipeline.schemas.service import Column, TableSchema

ZONE_NUMBER: Final = "LocationID"
"""The column that tells zones apart; the others name them."""


@cache
def zone_schema() -> TableSchema:
    """Return the columns in the order of TLC's file, read once per process."""
    data = tomllib.loads(files("pipeline.schemas").joinpath("taxi_zones.toml").read_text("utf-8"))
    return TableSchema(data["version"], tuple(Column(**entry) for entry in data["columns"]))


def zone_names() -> tuple[Column, ...]:
    """Return the columns that name a zone: borough, name and service zone."""
    return tuple(column for column in zone_schema().columns if column.name != ZONE_NUMBER)
