"""What the tables in Postgres are: their names, columns, comments, partitions and indexes.

Belongs here: definitions, as a new schema gets them. Not here: making them and comparing them
with what is there (``tables.py``), rows.

Names are lower case, so that SQL without quotes finds them.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import settings
from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.schemas import ServiceSchema
from pipeline.schemas.service import SOURCE_MONTH, Column

if TYPE_CHECKING:
    import sqlalchemy as sa

MOST_NAME_BYTES: Final = 63
LEDGER: Final = "_loads"
MONTH_CHECK: Final = "is_of_its_month"
PARTITIONED_BY: Final = f"LIST ({SOURCE_MONTH.name})"


def trips_table(schema: ServiceSchema) -> "sa.Table":
    """Return the definition of a service's table, which is all partitions."""
    import sqlalchemy as sa

    name = table_name(schema.service)
    return sa.Table(
        name,
        _metadata(),
        *map(trip_column, schema.columns),
        *_indexes(name, schema),
        comment=f"TLC {schema.service} trip records, one partition per published file.",
        postgresql_partition_by=PARTITIONED_BY,
    )


def month_table(month: TripMonth, schema: ServiceSchema, *, is_new: bool = False) -> "sa.Table":
    """Return the definition of a month's table: ``yellow_trips_202101``, or ``…_new``.

    It is new until it is full and takes the place of the older one. Its constraint is what spares
    the server a scan when it becomes a partition.
    """
    import sqlalchemy as sa

    name = f"{month.table_name}_{month.partition_id}{'_new' if is_new else ''}"
    return sa.Table(
        name,
        _metadata(),
        *map(trip_column, schema.columns),
        *_indexes(name, schema),
        sa.CheckConstraint(f"{SOURCE_MONTH.name} = DATE '{month.first_day}'", name=MONTH_CHECK),
    )


def ledger_table() -> "sa.Table":
    """Return the definition of the ledger."""
    import sqlalchemy as sa

    return sa.Table(
        LEDGER,
        _metadata(),
        sa.Column("load_id", sa.BigInteger, sa.Identity(always=True), primary_key=True,
                  comment="the load's number; of a month's rows the highest is in force"),
        *(sa.Column(name, kind, comment=told) for name, kind, told in (
            ("service", sa.Text, "yellow, green, fhv or fhvhv; url for a file that was named"),
            ("month", sa.Date, "first day of the file's month; null for a named file"),
            ("loaded_at", sa.DateTime(timezone=True), "when it was loaded"),
            ("table_name", sa.Text, "the table that holds the rows"),
            ("is_appended", sa.Boolean, "whether the table had other rows before, and kept them"),
            ("rows_kept", sa.BigInteger, "rows that were loaded"),
            ("rows_quarantined", sa.BigInteger, "rows kept beside the month, in quarantine"),
            ("schema_version", sa.Text, "version of the canonical schema"),
            ("pipeline_version", sa.Text, "version of the pipeline that normalized the month"),
            ("source_url", sa.Text, "where the publisher served the file"),
            ("source_etag", sa.Text, "its ETag as served"),
            ("source_last_modified", sa.Text, "its Last-Modified as served"),
            ("source_bytes", sa.BigInteger, "its size"),
            ("source_sha256", sa.Text, "its SHA-256, lower-case hex"),
            ("source_rows", sa.BigInteger, "its rows, by its own footer"),
            ("unknown_columns", sa.Text, "warn or add, where no schema knows a column"),
            ("added_columns", sa.Text, "columns beyond the service's schema, as name and kind"),
            ("remarks", sa.Text, "what is worth knowing about the month"),
            ("counters", sa.Text, "rows that are odd but true, as outside_month=12"),
        )),
        comment="One row per loaded month and version; a month's newest row is in force.",
    )  # fmt: skip


def named_table(name: str, columns: "Iterable[sa.Column[Any]]") -> "sa.Table":
    """Return the definition of a table that a user named."""
    import sqlalchemy as sa

    return sa.Table(name, _metadata(), *columns)


def table_name(service: str) -> str:
    """``yellow_trips``: the table of a service."""
    return f"{service}_trips"


def trip_column(column: Column) -> "sa.Column[Any]":
    """Return a canonical column as Postgres has it."""
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql.base import ischema_names

    kind = ischema_names[column.postgres_type]
    is_nullable = column is not SOURCE_MONTH
    return sa.Column(column.name.lower(), kind, nullable=is_nullable, comment=column.description)


def _indexes(table: str, schema: ServiceSchema) -> "list[sa.Index]":
    """Return those that most questions want: a small one on the pickup time, one on its zone."""
    import sqlalchemy as sa

    kinds = {schema.roles.pickup_time: "brin", schema.roles.pickup_zone: "btree"}
    named = {name.lower(): kind for name, kind in kinds.items() if name}
    return [
        sa.Index(f"{table}_{name}_idx", name, postgresql_using=kind) for name, kind in named.items()
    ]


def _metadata() -> "sa.MetaData":
    import sqlalchemy as sa

    schema = str(settings.postgres().schema)
    if len(schema.encode()) > MOST_NAME_BYTES or "%" in schema:
        raise BadRequest("[postgres] schema is no name", seen=repr(schema),
                         expected=f"at most {MOST_NAME_BYTES} bytes, and no %")  # fmt: skip
    return sa.MetaData(schema=schema)
