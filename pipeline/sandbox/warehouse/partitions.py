"""Time partitions: which rows belong to which, and how large each is.

Belongs here: partition ids (``202101``), their predicates in SQL, measuring. Not here: writing rows
(``destination.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import duckdb

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.database import quoted
from pipeline.sandbox.warehouse.schema import DUCKDB_TYPES, Field, by_name

DIGITS: Final = {"YEAR": 4, "MONTH": 6, "DAY": 8, "HOUR": 10}
"""How many digits of YYYYMMDDHH name a partition."""
NULL_PARTITION: Final = "__NULL__"
_BYTES: Final = {"BOOLEAN": 1, "NUMERIC": 16}
"""Logical bytes of a value that is not NULL; any other type of fixed size has 8."""


class Size(NamedTuple):
    """What a partition, or a table that has none, holds; ``bytes`` are BigQuery's logical ones."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Partitioning:
    """Partitions by ``kind`` (``MONTH``) of the column ``field``, whose type is ``type``."""

    kind: str
    field: str
    type: str

    @property
    def key(self) -> str:
        """The SQL of a row's partition key: the first moment of its partition, or NULL."""
        return f"date_trunc('{self.kind.lower()}', {quoted(self.field)})"

    def holds(self, partition_id: str) -> str:
        """Return the SQL predicate of the rows in ``partition_id``; it is never NULL.

        Raises ApiError 400 where the id is none of this kind.
        """
        column = quoted(self.field)
        if partition_id == NULL_PARTITION:
            return f"({column} IS NULL)"
        first = self._first_moment(partition_id)
        bounds = (self._literal(first), self._literal(self._after(first)))
        return f"coalesce({column} >= {bounds[0]} AND {column} < {bounds[1]}, false)"

    def id_of(self, key: Any) -> str:
        """Return the partition id of a value of :attr:`key`."""
        if key is None:
            return NULL_PARTITION
        return "".join(filter(str.isdigit, key.isoformat()))[: DIGITS[self.kind]]

    def _first_moment(self, partition_id: str) -> datetime:
        try:
            if len(partition_id) != DIGITS[self.kind] or not partition_id.isdigit():
                raise ValueError(partition_id)
            return datetime.strptime(partition_id + "0000010100"[len(partition_id) :], "%Y%m%d%H")
        except ValueError:
            raise Invalid(
                f"Invalid partition id {partition_id!r} for a table partitioned by {self.kind}.",
            ) from None

    def _after(self, first: datetime) -> datetime | None:
        if self.kind in ("HOUR", "DAY"):
            step = timedelta(hours=1) if self.kind == "HOUR" else timedelta(days=1)
            return None if first > datetime.max - step else first + step
        months = first.year * 12 + first.month - 1 + (12 if self.kind == "YEAR" else 1)
        year, month = divmod(months, 12)
        return None if year > 9999 else datetime(year, month + 1, 1)

    def _literal(self, moment: datetime | None) -> str:
        text = "infinity" if moment is None else moment.isoformat(" ")
        return f"CAST('{text}' AS {DUCKDB_TYPES[self.type]})"


def partitioning_of(resource: dict[str, Any], fields: Sequence[Field]) -> Partitioning | None:
    """Return the partitioning that a table's or job's REST resource asks for, or None.

    Raises:
        ApiError: 400, the column is missing or its type cannot be partitioned so.
        NotImplementedHere: partitions by ingestion time or integer range, or that expire.
    """
    if resource.get("rangePartitioning"):
        raise NotImplementedHere("rangePartitioning")
    wanted = resource.get("timePartitioning")
    if wanted is None:
        return None
    unknown = {key for key, value in wanted.items() if value and key not in ("type", "field")}
    if unknown:
        raise NotImplementedHere(f"timePartitioning.{', '.join(sorted(unknown))}")
    if not wanted.get("field"):
        raise NotImplementedHere("partitions by ingestion time (timePartitioning without field)")
    return _checked(str(wanted.get("type")), str(wanted["field"]), fields)


def _checked(kind: str, name: str, fields: Sequence[Field]) -> Partitioning:
    if kind not in DIGITS:
        raise Invalid(f"Invalid value for timePartitioning.type: {kind}")
    field = by_name(fields).get(name.casefold())
    if field is None:
        raise Invalid("The field specified for partitioning cannot be found in the schema")
    allowed = ("DATETIME", "TIMESTAMP") if kind == "HOUR" else ("DATE", "DATETIME", "TIMESTAMP")
    if field["type"] not in allowed:
        raise Invalid(
            f"The field specified for time partitioning has type {field['type']}; "
            f"{kind} partitions need {' or '.join(allowed)}",
        )
    return Partitioning(kind, field["name"], field["type"])


def measured(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    fields: Sequence[Field],
    partitioning: Partitioning | None,
    where: str = "true",
) -> dict[str | None, Size]:
    """Return the size of each partition of ``relation``; an unpartitioned table's under None."""
    total = " + ".join(_bytes_sql(field) for field in fields) or "0"
    if partitioning is None:
        row = cursor.execute(f"SELECT count(*), {total} FROM {relation} WHERE {where}").fetchone()
        assert row is not None
        return {None: Size(int(row[0]), int(row[1]))}
    key = f"CAST({partitioning.key} AS TIMESTAMP)"
    rows = cursor.execute(
        f"SELECT {key}, count(*), {total} FROM {relation} WHERE {where} GROUP BY ALL"
    ).fetchall()
    return {partitioning.id_of(key): Size(int(count), int(size)) for key, count, size in rows}


def _bytes_sql(field: Field) -> str:
    column = quoted(field["name"])
    if field["type"] == "STRING":
        return f"(2 * count({column}) + coalesce(sum(strlen({column})), 0))"
    if field["type"] == "BYTES":
        return f"(2 * count({column}) + coalesce(sum(octet_length({column})), 0))"
    return f"{_BYTES.get(field['type'], 8)} * count({column})"
