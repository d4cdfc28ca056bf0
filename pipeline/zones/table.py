"""The zones as a table: canonical parquet, and ``taxi_zones`` in BigQuery.

Belongs here: writing the one, and what a load of the other is. Not here: the load itself
(``bigquery/load.py``).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from pipeline.bigquery import ledger
from pipeline.bigquery.definitions import LABELS, ZONES, schema_fields, table_name, table_path
from pipeline.bigquery.ledger import Load
from pipeline.connections.google import select
from pipeline.core.errors import Terminal
from pipeline.core.files import part_file, publish
from pipeline.core.provenance import Provenance
from pipeline.download.kinds import Unreadable
from pipeline.schemas import zone_schema
from pipeline.zones.lookup import ZONE_LOOKUP, read_lookup

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import LoadJobConfig


def canonical(raw: Path, source: Provenance) -> tuple["pa.Table", Provenance]:
    """Return the raw lookup's rows in the zones' schema, with their provenance.

    Raises:
        Terminal: the raw file is no lookup any more.
    """
    import pyarrow as pa

    try:
        zones = read_lookup(raw)
    except Unreadable as why:
        raise Terminal(f"{raw} is no zone lookup", seen=why,
                       next_step="delete it, to download it again") from why  # fmt: skip
    schema = zone_schema()
    record = source.normalized(kept=len(zones), quarantined=0, schema_version=schema.version)
    return pa.Table.from_pandas(zones, schema.arrow_schema(), preserve_index=False), record


def write_canonical(raw: Path, source: Provenance, path: Path) -> Provenance:
    """Write the raw lookup to ``path`` as canonical parquet and return its provenance.

    Safe to call again: the same lookup gives the same bytes.

    Raises:
        Terminal: the raw file is no lookup any more, or ``path`` cannot be written.
    """
    import pyarrow.parquet as pq

    table, record = canonical(raw, source)
    with part_file(path) as part:
        part.seek(0)
        part.truncate()
        with pq.ParquetWriter(part, table.schema, compression="zstd", store_schema=False) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata(record.to_metadata())
        publish(part, path)
    return record


@dataclass(frozen=True)
class ZonesTable:
    """The table ``taxi_zones``, which a load replaces as a whole."""

    service: str = ZONES
    job_name: str = ZONES

    def __str__(self) -> str:
        return str(ZONE_LOOKUP)

    @property
    def path(self) -> str:
        """``project.dataset.taxi_zones``."""
        return table_path(table_name(ZONES))

    def job_config(self, provenance: Provenance) -> "LoadJobConfig":
        """Return the settings of the job that replaces the table."""
        from google.cloud.bigquery import LoadJobConfig

        return LoadJobConfig(
            source_format="PARQUET",
            schema=schema_fields(zone_schema()),
            write_disposition="WRITE_TRUNCATE",
            create_disposition="CREATE_NEVER",
            labels={**LABELS, "service": ZONES},
        )

    def count_rows(self) -> int:
        """Return how many rows it holds now."""
        return next(int(row["n"]) for row in select(f"SELECT COUNT(*) AS n FROM `{self.path}`"))

    def recorded(self) -> Load | None:
        """Return the zones' row in force."""
        return ledger.find_zones()


class BigQueryZonesTarget(luigi.Target):
    """The table ``taxi_zones``; there when the ledger's row in force and the table agree."""

    def exists(self) -> bool:
        """Return whether the zones are loaded, from the same query as all months."""
        found = ledger.find_zones()
        return found is not None and found.is_whole and found.provenance.is_wanted()
