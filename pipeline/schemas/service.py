"""A service's canonical schema: the columns every month of it is brought to.

Belongs here: canonical columns, their meaning and their types in Arrow, BigQuery and Postgres.
Not here: how files differ from it (``eras.py``) and the data itself (``<service>.toml``).
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.schemas.eras import Era
from pipeline.schemas.values import Rule

if TYPE_CHECKING:
    import pyarrow as pa

ARROW_TYPES: Final = {
    "int64": "int64",
    "float64": "double",
    "string": "string",
    "datetime": "timestamp[us]",
    "date": "date32",
    "bool": "bool",
}
BIGQUERY_TYPES: Final = {
    "int64": "INT64",
    "float64": "FLOAT64",
    "string": "STRING",
    "datetime": "DATETIME",
    "date": "DATE",
    "bool": "BOOL",
}
# The widest type of each kind: whatever BigQuery holds, Postgres holds too.
POSTGRES_TYPES: Final = {
    "int64": "bigint",
    "float64": "double precision",
    "string": "text",
    "datetime": "timestamp",
    "date": "date",
    "bool": "boolean",
}


@dataclass(frozen=True)
class Column:
    """A canonical column.

    ``kind`` is int64, float64, string, datetime (New York wall clock, no zone), date or bool.
    ``codes`` maps each valid value, as text, to its meaning; empty where any value is valid.
    ``rule`` is what is done to its values, None where they stay as published.
    """

    name: str
    kind: str
    description: str
    unit: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict, hash=False)
    rule: Rule | None = None

    @property
    def arrow_type(self) -> str:
        """The Arrow type, named as in the eras: int64, double, string, timestamp[us], ..."""
        return ARROW_TYPES[self.kind]

    @property
    def bigquery_type(self) -> str:
        """INT64, FLOAT64, STRING, DATETIME, DATE or BOOL."""
        return BIGQUERY_TYPES[self.kind]

    @property
    def postgres_type(self) -> str:
        """The Postgres type that holds every value of ``bigquery_type``."""
        return POSTGRES_TYPES[self.kind]

    def matches(self, spelling: str) -> bool:
        """Return whether ``spelling`` is the column's name, whatever its case."""
        return spelling.casefold() == self.name.casefold()


ADDED: Final = "Published by TLC and not yet described here."

SOURCE_MONTH: Final = Column(
    "source_month", "date", "First day of the month whose published file holds the row."
)


@dataclass(frozen=True)
class Roles:
    """The canonical columns that play a part in audits and clustering; None where there is none."""

    pickup_time: str | None = None
    dropoff_time: str | None = None
    pickup_zone: str | None = None
    dropoff_zone: str | None = None
    trip_distance: str | None = None
    fare_amount: str | None = None
    total_amount: str | None = None


@dataclass(frozen=True)
class TableSchema:
    """A table's columns in order.

    ``version`` matches ``[a-z0-9]+`` and changes whenever ``columns`` or what is done to their
    values does; it is part of job ids.
    """

    version: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column with this canonical name; raise KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def arrow_schema(self) -> "pa.Schema":
        """Return the canonical Arrow schema; every column but ``source_month`` is nullable."""
        import pyarrow as pa

        return pa.schema(
            pa.field(
                column.name,
                pa.type_for_alias(ARROW_TYPES[column.kind]),
                nullable=column is not SOURCE_MONTH,
            )
            for column in self.columns
        )


@dataclass(frozen=True)
class ServiceSchema(TableSchema):
    """A service's canonical columns, ``source_month`` first, and its eras, oldest first."""

    service: str
    roles: Roles
    eras: tuple[Era, ...]

    def canonical(self, spelling: str) -> Column | None:
        """Return the column of that name, whatever its case, or None; an era may know better."""
        return next((column for column in self.columns if column.matches(spelling)), None)

    def made(self, record: Provenance) -> bool:
        """Return whether a month's record is of this very schema, with what the month adds."""
        return record.schema_version == self.extended(record.added_columns).version

    def extended(self, added_columns: str | None) -> "ServiceSchema":
        """Return the schema with a month's added columns behind its own, under another version.

        ``added_columns`` is what the month's provenance says: ``name kind, name kind``, or None.
        """
        if not added_columns:
            return self
        pairs = (pair.split(" ") for pair in added_columns.split(", "))
        added = [Column(name, kind, ADDED) for name, kind in pairs]
        version = f"{self.version}x{zlib.crc32(added_columns.encode()):08x}"
        return replace(self, version=version, columns=(*self.columns, *added))

    def era(self, month: TripMonth) -> Era:
        """Return the era of ``month``; raise Terminal where none is declared."""
        for era in self.eras:
            if era.covers(month):
                return era
        raise Terminal(
            f"{month}: no schema is declared for this month",
            seen=month.key,
            expected=f"{self.service} from {self.eras[0].first} to {self.eras[-1].last or 'today'}",
            next_step=f"declare its era in pipeline/schemas/{self.service}.toml",
        )
