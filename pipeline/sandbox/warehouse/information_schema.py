"""INFORMATION_SCHEMA: what the catalog holds, as tables that a statement can read.

Belongs here: one DuckDB query for each of its tables. Not here: which datasets there are
(``resolver.py``).
"""

from typing import Final

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.database import literal
from pipeline.sandbox.warehouse.schema import STANDARD_NAMES

_STANDARD_TYPES: Final = " ".join(
    f"WHEN '{older}' THEN '{name}'" for name, older in STANDARD_NAMES.items()
)
_QUERIES: Final = {
    "TABLES": """
SELECT {project} AS table_catalog, dataset AS table_schema, name AS table_name,
  CASE resource->>'type' WHEN 'VIEW' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type,
  CASE resource->>'type' WHEN 'VIEW' THEN 'NO' ELSE 'YES' END AS is_insertable_into,
  'NO' AS is_typed,
  make_timestamptz(CAST(resource->>'creationTime' AS BIGINT) * 1000) AS creation_time
FROM _sandbox.tables WHERE dataset = {dataset}""",
    "VIEWS": """
SELECT {project} AS table_catalog, dataset AS table_schema, name AS table_name,
  resource->>'$.view.query' AS view_definition, CAST(NULL AS VARCHAR) AS check_option,
  'YES' AS use_standard_sql
FROM _sandbox.tables WHERE dataset = {dataset} AND resource->>'type' = 'VIEW'""",
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


def query(name: str, project: str, dataset: str) -> str:
    """Return the parenthesized DuckDB query that answers ``dataset.INFORMATION_SCHEMA.name``.

    Raises NotImplementedHere for a table that is not kept here.
    """
    if name not in _QUERIES:
        raise NotImplementedHere(f"INFORMATION_SCHEMA.{name}")
    names = {"project": literal(project), "dataset": literal(dataset), "types": _STANDARD_TYPES}
    return f"({_QUERIES[name].format(**names)})"
