"""Where the tables of a statement are: the catalog, as ``sql/`` asks for it.

Belongs here: names to DuckDB relations, the one location of a query, INFORMATION_SCHEMA. Not here:
GoogleSQL itself (``sql/``).
"""

from typing import Final

from pipeline.sandbox.http import ApiError, NotImplementedHere
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Table
from pipeline.sandbox.warehouse.database import literal
from pipeline.sandbox.warehouse.jobs import DEFAULT_LOCATION
from pipeline.sandbox.warehouse.references import TableRef, check_dataset_id
from pipeline.sandbox.warehouse.schema import DUCKDB_TYPES, STANDARD_NAMES

_STANDARD_TYPES: Final = " ".join(
    f"WHEN '{older}' THEN '{name}'" for name, older in STANDARD_NAMES.items()
)
_VIEWS: Final = {
    "TABLES": """
SELECT {project} AS table_catalog, dataset AS table_schema, name AS table_name,
  CASE resource->>'type' WHEN 'VIEW' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type,
  CASE resource->>'type' WHEN 'VIEW' THEN 'NO' ELSE 'YES' END AS is_insertable_into,
  'NO' AS is_typed,
  make_timestamptz(CAST(resource->>'creationTime' AS BIGINT) * 1000) AS creation_time
FROM _sandbox.tables WHERE dataset = {dataset}""",
    "COLUMNS": """
SELECT {project} AS table_catalog, dataset AS table_schema, name AS table_name,
  field->>'name' AS column_name, position AS ordinal_position,
  CASE field->>'mode' WHEN 'REQUIRED' THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE field->>'type' {types} ELSE field->>'type' END AS data_type,
  'NEVER' AS is_generated, 'NO' AS is_hidden, 'NO' AS is_system_defined,
  CASE WHEN lower(field->>'name') = lower(resource->>'$.timePartitioning.field')
    THEN 'YES' ELSE 'NO' END AS is_partitioning_column,
  list_position(list_transform(CAST(resource->'$.clustering.fields' AS VARCHAR[]),
    lambda name: lower(name)), lower(field->>'name'))
    AS clustering_ordinal_position
FROM (
  SELECT dataset, name, CAST(resource AS JSON) AS resource,
    unnest(CAST(resource->'$.schema.fields' AS JSON[])) AS field,
    generate_subscripts(CAST(resource->'$.schema.fields' AS JSON[]), 1) AS position
  FROM _sandbox.tables WHERE dataset = {dataset})""",
    "PARTITIONS": """
SELECT {project} AS table_catalog, dataset AS table_schema, name AS table_name, partition_id,
  rows AS total_rows, bytes AS total_logical_bytes, bytes AS total_billable_bytes,
  make_timestamptz(modified_ms * 1000) AS last_modified_time, 'ACTIVE' AS storage_tier
FROM _sandbox.partitions WHERE dataset = {dataset}""",
}


class Resolver:
    """Finds the tables of one statement, which all must be in one location.

    ``location`` is the one that the caller named, else that of the first dataset met, else None.
    """

    def __init__(
        self, catalog: Catalog, cursor: Cursor, project: str, location: str | None
    ) -> None:
        self._catalog, self._cursor, self._project = catalog, cursor, project
        self.location = location

    def duckdb_name(self, project: str | None, dataset: str, table: str) -> str:
        """Return the quoted DuckDB relation; raise ApiError 404 where there is no such table."""
        return self._table(project, dataset, table).ref.relation

    def columns(self, project: str | None, dataset: str, table: str) -> dict[str, str]:
        """Return the table's columns in order, by name, as DuckDB types; raise ApiError 404."""
        fields = self._table(project, dataset, table).fields
        return {field["name"]: DUCKDB_TYPES[field["type"]] for field in fields}

    def information_schema(self, project: str | None, dataset: str, view: str) -> str:
        """Return a parenthesized DuckDB query that answers ``dataset.INFORMATION_SCHEMA.view``.

        Raises ApiError 404 for an unknown dataset, NotImplementedHere for a view not kept here.
        """
        if view not in _VIEWS:
            raise NotImplementedHere(f"INFORMATION_SCHEMA.{view}")
        project = project or self._project
        self._check_dataset(project, check_dataset_id(dataset))
        names = {"project": literal(project), "dataset": literal(dataset), "types": _STANDARD_TYPES}
        return f"({_VIEWS[view].format(**names)})"

    def _table(self, project: str | None, dataset: str, table: str) -> Table:
        ref = TableRef(project or self._project, dataset, table)
        self._check_dataset(ref.project, dataset)
        found = self._catalog.find_table(self._cursor, ref)
        if found is None:
            raise ApiError(
                404, "notFound", f"Not found: Table {ref} was not found in location {self.location}"
            )
        return found

    def _check_dataset(self, project: str, dataset: str) -> None:
        found = self._catalog.find_dataset(self._cursor, project, dataset)
        if self.location is None:
            self.location = DEFAULT_LOCATION if found is None else str(found["location"])
        self._catalog.check_location(self._cursor, project, dataset, self.location)
