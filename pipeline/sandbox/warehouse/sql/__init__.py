"""GoogleSQL in, DuckDB out, and the result as BigQuery's REST API answers it.

Belongs here: translation and encoding, without a connection to anything. What is not known to mean
the same in DuckDB is refused (501), never guessed. Not here: catalogs, jobs, transactions.

A connection that runs these statements needs ``SET TimeZone='UTC'``.
"""

from pipeline.sandbox.warehouse.sql.errors import invalid_query, query_error
from pipeline.sandbox.warehouse.sql.results import encode_rows, readable, schema_of
from pipeline.sandbox.warehouse.sql.statement import Statement, compile_statement
from pipeline.sandbox.warehouse.sql.tables import Source, TableRef, TableResolver

__all__ = [
    "Source",
    "Statement",
    "TableRef",
    "TableResolver",
    "compile_statement",
    "encode_rows",
    "invalid_query",
    "query_error",
    "readable",
    "schema_of",
]
