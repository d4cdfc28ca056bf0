"""Query jobs: what a configuration may ask for, and doing it.

Belongs here: SELECT into a result or a table, and what is told of it. Not here: GoogleSQL
(``sql/``), DML's counts (``dml.py``), paging results (``results.py``).
"""

from dataclasses import dataclass
from typing import Final

import duckdb

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse import dml
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.references import TableRef
from pipeline.sandbox.warehouse.resolver import Resolver, fields_of
from pipeline.sandbox.warehouse.results import Results
from pipeline.sandbox.warehouse.schema import normalized
from pipeline.sandbox.warehouse.sql import Statement, compile_statement, query_error
from pipeline.sandbox.warehouse.sql import TableRef as SqlRef

SUPPORTED: Final = {
    "query",
    "useLegacySql",
    "queryParameters",
    "parameterMode",
    "defaultDataset",
    "destinationTable",
    "writeDisposition",
    "createDisposition",
    "schemaUpdateOptions",
    "timePartitioning",
    "clustering",
    "priority",
    "useQueryCache",
}


@dataclass(frozen=True)
class Query:
    """A query's configuration, compiled: the statement, whose, and where (None: anywhere)."""

    statement: Statement
    project: str
    location: str | None

    def qualified(self, ref: SqlRef) -> TableRef:
        """Return a table of the statement with its project."""
        return TableRef(ref.project or self.project, ref.dataset, ref.table)


def compiled(
    catalog: Catalog, cursor: Cursor, project: str, config: Resource, location: str | None
) -> Query:
    """Return the query that ``configuration.query`` asks for.

    Raises:
        ApiError: 400 bad SQL or configuration, 404 unknown tables or datasets elsewhere.
        NotImplementedHere: an option or statement outside the slice.
    """
    _check(config)
    resolver = Resolver(catalog, cursor, project, location)
    default = config.get("defaultDataset")
    if default is not None:
        default = (str(default.get("projectId") or project), str(default["datasetId"]))
    statement = compile_statement(
        str(config["query"]),
        tables=resolver,
        parameters=list(config.get("queryParameters") or []),
        default_dataset=default,
    )
    return Query(statement, project, resolver.location)


def _check(config: Resource) -> None:
    if config.get("useLegacySql", True):
        raise NotImplementedHere("legacy SQL (useLegacySql)")
    unknown = {key for key, value in config.items() if value and key not in SUPPORTED}
    if unknown:
        raise NotImplementedHere(f"queries with {', '.join(sorted(unknown))}")
    if not config.get("query"):
        raise ApiError(400, "required", "Required parameter is missing: query")
    default = config.get("defaultDataset")
    if default is not None and not default.get("datasetId"):
        raise ApiError(400, "required", "Required parameter is missing: datasetId")


def described(catalog: Catalog, cursor: Cursor, query: Query) -> Resource:
    """Return what a dry run tells as ``statistics.query``; bytes are those of whole tables."""
    statement = query.statement
    read = sum(_bytes(catalog, cursor, ref) for ref in map(query.qualified, statement.references))
    told = {"statementType": statement.kind, "totalBytesProcessed": str(read), "cacheHit": False}
    if statement.kind != "SELECT":
        return told
    return told | {"schema": {"fields": fields_of(cursor, statement.sql)}}


def run(
    cursor: Cursor,
    query: Query,
    catalog: Catalog,
    destination: Destination | None,
    results: Results,
    job: Resource,
) -> Resource:
    """Do the query on the connection's transaction; return ``statistics.query``."""
    told = described(catalog, cursor, query)
    try:
        if query.statement.kind != "SELECT":
            if destination is not None:
                raise Invalid("Cannot set destination table in jobs with DML statements")
            target = query.statement.target
            assert target is not None
            return told | dml.run(cursor, catalog, query.statement, query.qualified(target))
        if destination is None:
            results.write(cursor, job, query.statement.sql, told["schema"]["fields"])
        else:
            _write(cursor, query.statement.sql, destination, told)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise query_error(error) from error
    return told


def _write(cursor: Cursor, sql: str, destination: Destination, told: Resource) -> None:
    fields = normalized(told["schema"])
    table = destination.prepare(cursor, fields)
    destination.insert(cursor, fields, sql)
    destination.finish(cursor, table)


def _bytes(catalog: Catalog, cursor: Cursor, ref: TableRef) -> int:
    return sum(size.bytes for size in catalog.sizes(cursor, ref).values())
