"""The dataset, the service's table and the ledger's: made on first use, refused when different.

Belongs here: their definitions and the comparison with what is there. Not here: rows.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.google import bigquery_client, bigquery_limits
from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.schemas import ServiceSchema, service_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import Dataset, SchemaField, Table

LEDGER: Final = "_loads"
LABELS: Final = {"pipeline": "tlc"}
LEGACY_NAMES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}

LEDGER_COLUMNS: Final = (
    ("service", "STRING", "yellow, green, fhv or fhvhv"),
    ("month", "DATE", "first day of the file's month"),
    ("job_id", "STRING", "the load job that wrote the partition"),
    ("loaded_at", "TIMESTAMP", "when that job ended; the newest row of a month is in force"),
    ("rows_kept", "INT64", "rows that the partition holds"),
    ("rows_quarantined", "INT64", "rows that could not be represented, kept beside the month"),
    ("object_uri", "STRING", "the lake object that was loaded"),
    ("object_generation", "INT64", "its generation"),
    ("schema_version", "STRING", "version of the canonical schema"),
    ("pipeline_version", "STRING", "version of the pipeline that normalized the month"),
    ("source_url", "STRING", "where the publisher served the file"),
    ("source_etag", "STRING", "its ETag as served"),
    ("source_last_modified", "STRING", "its Last-Modified as served"),
    ("source_bytes", "INT64", "its size"),
    ("source_sha256", "STRING", "its SHA-256, lower-case hex"),
    ("source_rows", "INT64", "its rows, by its own footer"),
)


def dataset_path() -> str:
    """``project.dataset``, as queries name it."""
    config = settings.bigquery()
    return f"{config.project}.{config.dataset}"


def table_path(table_name: str) -> str:
    """``project.dataset.table``, as queries name it."""
    return f"{dataset_path()}.{table_name}"


def ensure_tables(service: str) -> None:
    """Make the dataset, the service's table and the ledger where they are missing.

    Safe to call again, and from two processes at once.

    Raises:
        Terminal: one of them exists with another location, schema or partitioning.
    """
    _ensure_dataset()
    _ensure_table(trips_table(service_schema(service)))
    _ensure_table(ledger_table())


def check_location() -> None:
    """Raise Terminal where the dataset is in another location; NotFound where there is none."""
    found = bigquery_client().get_dataset(dataset_path(), **bigquery_limits()).location
    wanted = settings.bigquery().location
    if found.upper() != wanted.upper():
        raise Terminal(
            f"dataset {dataset_path()} is in another location",
            seen=found,
            expected=f"[bigquery] location = {wanted}",
            next_step="set [bigquery] location to the dataset's, or use another dataset",
        )


def trips_table(schema: ServiceSchema) -> "Table":
    """Return the definition of a service's table."""
    from google.cloud.bigquery import Table, TimePartitioning

    table = Table(table_path(f"{schema.service}_trips"), schema=schema_fields(schema))
    table.time_partitioning = TimePartitioning(type_="MONTH", field="source_month")
    table.clustering_fields = clustering(schema)
    table.description = f"TLC {schema.service} trip records, one partition per published file."
    table.labels = {**LABELS, "service": schema.service, "schema": schema.version}
    return table


def ledger_table() -> "Table":
    """Return the definition of the ledger."""
    from google.cloud.bigquery import SchemaField, Table

    fields = [SchemaField(name, kind, description=told) for name, kind, told in LEDGER_COLUMNS]
    table = Table(table_path(LEDGER), schema=fields)
    table.description = "One row per loaded month and version; the newest row is in force."
    table.labels = LABELS
    return table


def schema_fields(schema: ServiceSchema) -> list["SchemaField"]:
    """Return the canonical columns as BigQuery fields."""
    from google.cloud.bigquery import SchemaField

    return [
        SchemaField(
            column.name,
            column.bigquery_type,
            mode="REQUIRED" if column.name == "source_month" else "NULLABLE",
            description=column.description,
        )
        for column in schema.columns
    ]


def clustering(schema: ServiceSchema) -> list[str]:
    """Return the columns that partitions are clustered by: pickup time and pickup zone."""
    roles = (schema.roles.pickup_time, schema.roles.pickup_zone)
    return [name for name in roles if name is not None]


def _ensure_dataset() -> None:
    from google.api_core.exceptions import NotFound

    try:
        check_location()
    except NotFound:
        bigquery_client().create_dataset(_dataset(), exists_ok=True, **bigquery_limits())
        check_location()


def _dataset() -> "Dataset":
    from google.cloud.bigquery import Dataset

    dataset = Dataset(dataset_path())
    dataset.location = settings.bigquery().location
    dataset.description = "NYC TLC trip records."
    dataset.labels = LABELS
    return dataset


def _ensure_table(wanted: "Table") -> None:
    from google.api_core.exceptions import NotFound

    client = bigquery_client()
    try:
        found = client.get_table(wanted.reference, **bigquery_limits())
    except NotFound:
        found = client.create_table(wanted, exists_ok=True, **bigquery_limits())
    _refuse_difference("columns", wanted, _columns(found.schema), _columns(wanted.schema))
    _refuse_difference("partitioning", wanted, _partitioning(found), _partitioning(wanted))


def _columns(fields: Iterable["SchemaField"]) -> dict[str, str]:
    return {field.name.lower(): LEGACY_NAMES.get(field.field_type, field.field_type)
            for field in fields}  # fmt: skip


def _partitioning(table: "Table") -> str:
    partitioning = table.time_partitioning
    return f"{partitioning.type_} on {partitioning.field}" if partitioning else "none"


def _refuse_difference(what: str, table: "Table", seen: Any, wanted: Any) -> None:
    if isinstance(wanted, dict):
        # Columns that the table has beyond ours are another program's, and stay null.
        differing = [name for name in wanted if seen.get(name) != wanted[name]]
        seen = {name: seen.get(name, "missing") for name in differing}
        wanted = {name: wanted[name] for name in differing}
    if seen != wanted:
        raise Terminal(
            f"table {table.reference} exists with other {what}",
            seen=seen,
            expected=wanted,
            next_step="use another [bigquery] dataset, or move that table away",
        )
