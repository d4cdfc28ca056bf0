"""What the dataset's tables are: their names, columns, partitions and labels.

Belongs here: definitions, as a new dataset gets them. Not here: making them and comparing them
with what is there (``tables.py``), the views over them (``views.py``), rows.
"""

from typing import TYPE_CHECKING, Final

from pipeline.core import settings
from pipeline.schemas import ServiceSchema, TableSchema, zone_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField, Table

LEDGER: Final = "_loads"
ZONES: Final = "zones"
LABELS: Final = {"pipeline": "tlc"}

LEDGER_COLUMNS: Final = (
    ("service", "STRING", "yellow, green, fhv or fhvhv; zones for the zone lookup"),
    ("month", "DATE", "first day of the file's month; null for the zone lookup"),
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
    ("unknown_columns", "STRING", "warn or add, where the file has columns that no schema knows"),
    ("added_columns", "STRING", "columns beyond the service's schema, as name and kind"),
    ("remarks", "STRING", "what is worth knowing about the month"),
    ("counters", "STRING", "rows that are odd but true, as outside_month=12 negative_total=3"),
)


def dataset_path() -> str:
    """``project.dataset``, as queries name it."""
    config = settings.bigquery()
    return f"{config.project}.{config.dataset}"


def table_path(table_name: str) -> str:
    """``project.dataset.table``, as queries name it."""
    return f"{dataset_path()}.{table_name}"


def table_name(service: str) -> str:
    """``yellow_trips``: the table of a service; ``taxi_zones`` that of the zone lookup."""
    return f"taxi_{service}" if service == ZONES else f"{service}_trips"


def trips_table(schema: ServiceSchema) -> "Table":
    """Return the definition of a service's table."""
    from google.cloud.bigquery import Table, TimePartitioning

    table = Table(table_path(table_name(schema.service)), schema=schema_fields(schema))
    table.time_partitioning = TimePartitioning(type_="MONTH", field="source_month")
    table.clustering_fields = clustering(schema)
    table.description = f"TLC {schema.service} trip records, one partition per published file."
    table.labels = {**LABELS, "service": schema.service}
    return table


def ledger_table() -> "Table":
    """Return the definition of the ledger."""
    from google.cloud.bigquery import SchemaField

    fields = [SchemaField(name, kind, description=told) for name, kind, told in LEDGER_COLUMNS]
    told = "One row per loaded month and version; the newest row is in force."
    return _plain_table(LEDGER, fields, told)


def zones_table() -> "Table":
    """Return the definition of the zone lookup's table."""
    fields = schema_fields(zone_schema())
    return _plain_table(table_name(ZONES), fields, "TLC's taxi zones, one row per zone.")


def schema_fields(schema: TableSchema) -> list["SchemaField"]:
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


def _plain_table(name: str, fields: list["SchemaField"], told: str) -> "Table":
    from google.cloud.bigquery import Table

    table = Table(table_path(name), schema=fields)
    table.description, table.labels = told, LABELS
    return table
