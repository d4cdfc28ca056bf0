"""Runs GoogleSQL through the sandbox's compiler in a DuckDB in memory."""

from typing import Any

import duckdb

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.sql import (
    Source,
    Statement,
    TableRef,
    compile_statement,
    encode_rows,
    query_error,
    readable,
    schema_of,
)

PARTITIONS = (
    "(SELECT 'yellow_trips' AS table_name, '202101' AS partition_id,"
    " CAST(7 AS BIGINT) AS total_rows, TIMESTAMPTZ '2021-02-02 00:00:00+00' AS last_modified_time)"
)


class Warehouse:
    """A dataset ``ds`` of project ``proj``, and what its tables are in DuckDB."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA ds")

    def source(self, project: str | None, dataset: str, table: str) -> Source:
        """Find a table."""
        relation = self.target(project, dataset, table)
        return Source(relation, (TableRef(project, dataset, table),))

    def target(self, project: str | None, dataset: str, table: str) -> str:
        """Find a table."""
        known = self.connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?",
            [dataset, table],
        ).fetchall()
        if project not in (None, "proj") or not known:
            raise ApiError(404, "notFound", f"Not found: Table {project}:{dataset}.{table}")
        return f'"{dataset}"."{table}"'

    def columns(self, project: str | None, dataset: str, table: str) -> dict[str, str]:
        """Describe a table."""
        described = self.connection.execute(f'DESCRIBE "{dataset}"."{table}"').fetchall()
        short = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "DECIMAL(38,9)": "DECIMAL(38, 9)"}
        return {name: short.get(type_, type_) for name, type_, *_ in described}

    def information_schema(self, project: str | None, dataset: str, view: str) -> str:
        """Answer one view."""
        assert (dataset, view) == ("ds", "PARTITIONS"), (project, dataset, view)
        return PARTITIONS

    def compile(self, sql: str, parameters: list[dict[str, Any]] | None = None) -> Statement:
        """Compile with ``proj.ds`` as default dataset."""
        return compile_statement(
            sql, tables=self, parameters=parameters or [], default_dataset=("proj", "ds")
        )

    def run(self, sql: str, parameters: list[dict[str, Any]] | None = None) -> None:
        """Compile and run a statement, with errors in BigQuery's words."""
        try:
            self.connection.execute(self.compile(sql, parameters).sql)
        except duckdb.Error as error:
            raise query_error(error) from error

    def query(
        self, sql: str, parameters: list[dict[str, Any]] | None = None
    ) -> tuple[list[dict[str, Any]], list[list[Any]]]:
        """Return the fields and the cells (JSON values) that the REST API would answer."""
        self.run(sql, parameters)
        fields = schema_of(self.connection.description or [])
        text = self.compile(sql, parameters).sql
        rows = self.connection.execute(f"SELECT {readable(fields)} FROM ({text})").fetchall()
        encoded = encode_rows(rows, fields, int64_timestamps=True)
        return fields, [[_plain(cell["v"]) for cell in row["f"]] for row in encoded]

    def value(self, expression: str, parameters: list[dict[str, Any]] | None = None) -> Any:
        """Return ``TYPE value`` of one expression; just the type for NULL."""
        fields, [[cell]] = self.query(f"SELECT {expression}", parameters)
        return (fields[0]["type"], cell)


def _plain(cell: Any) -> Any:
    return [item["v"] for item in cell] if isinstance(cell, list) else cell
