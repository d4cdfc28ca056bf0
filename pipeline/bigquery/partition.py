"""A month's partition: one of the parts of the warehouse that a load replaces as a whole.

Belongs here: its name, its load job's settings and what it holds. Not here: the job itself
(``load.py``).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import LABELS, clustering, schema_fields, table_path
from pipeline.bigquery.ledger import Load
from pipeline.connections.google import select
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.schemas import service_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJobConfig


@dataclass(frozen=True)
class MonthPartition:
    """The partition of ``month`` in its service's table."""

    month: TripMonth

    def __str__(self) -> str:
        return str(self.month)

    @property
    def service(self) -> str:
        """Whose table it is in."""
        return self.month.service

    @property
    def path(self) -> str:
        """``project.dataset.yellow_trips$202101``."""
        return f"{table_path(self.month.table_name)}${self.month.partition_id}"

    @property
    def job_name(self) -> str:
        """``yellow_202101``."""
        return f"{self.month.service}_{self.month.partition_id}"

    def job_config(self, provenance: Provenance) -> "LoadJobConfig":
        """Return the settings of the job that replaces the partition by that month's rows."""
        from google.cloud.bigquery import LoadJobConfig, TimePartitioning

        schema = service_schema(self.service).extended(provenance.added_columns)
        return LoadJobConfig(
            source_format="PARQUET",
            schema=schema_fields(schema),
            write_disposition="WRITE_TRUNCATE",
            create_disposition="CREATE_NEVER",
            time_partitioning=TimePartitioning(type_="MONTH", field="source_month"),
            clustering_fields=clustering(schema),
            labels={**LABELS, "service": self.service, "month": self.month.key},
        )

    def count_rows(self) -> int:
        """Return how many rows it holds now."""
        table = table_path(self.month.table_name)
        sql = f"SELECT COUNT(*) AS n FROM `{table}` WHERE source_month = @month"
        return next(int(row["n"]) for row in select(sql, month=self.month.first_day))

    def recorded(self) -> Load | None:
        """Return the month's row in force."""
        return ledger.find(self.month)
