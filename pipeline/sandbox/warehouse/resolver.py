"""Where the tables of a statement are: the catalog, as ``sql/`` asks for it.

Belongs here: names to DuckDB relations, views to their queries, the one location of a query. Not
here: GoogleSQL itself (``sql/``), making views (``views.py``).
"""

from copy import copy
from typing import Final

import duckdb

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse import information_schema
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Table
from pipeline.sandbox.warehouse.jobs import DEFAULT_LOCATION
from pipeline.sandbox.warehouse.references import TableRef, check_dataset_id
from pipeline.sandbox.warehouse.schema import DUCKDB_TYPES, Field
from pipeline.sandbox.warehouse.sql import (
    Source,
    Statement,
    compile_statement,
    invalid_query,
    query_error,
    schema_of,
)
from pipeline.sandbox.warehouse.sql import TableRef as SqlRef

NESTED_VIEWS: Final = 16
EXPANDED_CHARACTERS: Final = 1_000_000
"""A view's query with the queries of its views is no longer: DuckDB would plan it for minutes."""


class Resolver:
    """Finds the tables of one statement of ``project``, which all must be in one location.

    ``location`` is the one that the caller named, else that of the first dataset met, else None.
    """

    def __init__(
        self, catalog: Catalog, cursor: Cursor, project: str, location: str | None
    ) -> None:
        self._catalog, self._cursor, self._project = catalog, cursor, project
        self.location = location
        self._default_project: str | None = project
        self._within: tuple[TableRef, ...] = ()
        self._expanded: dict[TableRef, Source] = {}

    def source(self, project: str | None, dataset: str, table: str) -> Source:
        """Return what is read: a table, or a view's query in parentheses; raise ApiError 404."""
        found = self._table(project, dataset, table)
        if not found.is_view:
            return Source(found.ref.relation, (SqlRef(*found.ref),))
        if found.ref not in self._expanded:
            self._expanded[found.ref] = self._expansion(found)
        return self._expanded[found.ref]

    def target(self, project: str | None, dataset: str, table: str) -> str:
        """Return the quoted DuckDB table that is changed; raise ApiError 404, or 400 for a view."""
        found = self._table(project, dataset, table)
        if found.is_view:
            raise invalid_query(f"Cannot modify {found.ref}: it is a VIEW")
        return found.ref.relation

    def columns(self, project: str | None, dataset: str, table: str) -> dict[str, str]:
        """Return the table's columns in order, by name, as DuckDB types; raise ApiError 404."""
        fields = self._table(project, dataset, table).fields
        return {field["name"]: DUCKDB_TYPES[field["type"]] for field in fields}

    def information_schema(self, project: str | None, dataset: str, view: str) -> str:
        """Return a parenthesized DuckDB query that answers ``dataset.INFORMATION_SCHEMA.view``.

        Raises ApiError 404 for an unknown dataset, NotImplementedHere for a view not kept here.
        """
        project = self._named_project(project, f"{dataset}.INFORMATION_SCHEMA.{view}")
        self._check_dataset(project, check_dataset_id(dataset))
        return information_schema.query(view, project, dataset)

    def view(self, ref: TableRef, query: str) -> tuple[Statement, list[Field]]:
        """Return ``query``, that of the view ``ref``, compiled, and the fields that it answers.

        Raises:
            ApiError: 400 bad SQL, no SELECT, or a view that reads itself; 404 unknown tables.
            NotImplementedHere: what the sandbox does not know to mean the same in DuckDB.
        """
        inside = self._inside(ref)
        statement = compile_statement(query, tables=inside, parameters=[], default_dataset=None)
        if statement.kind != "SELECT":
            raise invalid_query("Only SELECT statements are allowed in view queries")
        if len(statement.sql) > EXPANDED_CHARACTERS:
            raise ApiError(
                400,
                "resourcesExceeded",
                "Resources exceeded during query execution: Not enough resources for query "
                "planning - too many subqueries or query is too complex.",
            )
        return statement, fields_of(self._cursor, statement.sql)

    def _expansion(self, view: Table) -> Source:
        """A view's query is compiled by itself, so that nothing around it lends it names."""
        try:
            statement, _ = self.view(view.ref, view.resource["view"]["query"])
        except ApiError as error:
            name = ".".join(view.ref)
            message = f"{error.message}; failed to parse view '{name}'"
            raise ApiError(error.status_code, error.api_reason, message) from error
        return Source(f"({statement.sql})", statement.references)

    def _inside(self, view: TableRef) -> "Resolver":
        """Return the resolver of a view's query, which may be in another project."""
        if view in self._within:
            raise invalid_query(f"View {view} reads itself")
        if len(self._within) == NESTED_VIEWS:
            raise invalid_query(f"Views are nested more than {NESTED_VIEWS} levels deep")
        inner = copy(self)
        inner._within = (*self._within, view)
        inner._default_project = self._project if view.project == self._project else None
        return inner

    def _table(self, project: str | None, dataset: str, table: str) -> Table:
        ref = TableRef(self._named_project(project, f"{dataset}.{table}"), dataset, table)
        self._check_dataset(ref.project, dataset)
        found = self._catalog.find_table(self._cursor, ref)
        if found is None:
            raise ApiError(
                404, "notFound", f"Not found: Table {ref} was not found in location {self.location}"
            )
        return found

    def _named_project(self, project: str | None, name: str) -> str:
        found = project or self._default_project
        if found is None:
            raise invalid_query(
                "Within a standard SQL view, references to tables/views require explicit project "
                "IDs unless the entity is created in the same project that is issuing the query, "
                f'but these references are not project-qualified: "{name}"'
            )
        return found

    def _check_dataset(self, project: str, dataset: str) -> None:
        found = self._catalog.find_dataset(self._cursor, project, dataset)
        if self.location is None:
            self.location = DEFAULT_LOCATION if found is None else str(found["location"])
        self._catalog.check_location(self._cursor, project, dataset, self.location)


def fields_of(cursor: Cursor, sql: str) -> list[Field]:
    """Return the fields that the DuckDB query ``sql`` answers; raise ApiError where it has none."""
    try:
        cursor.execute(f"SELECT * FROM ({sql}) LIMIT 0")
    except duckdb.Error as error:
        raise query_error(error) from error
    return schema_of(cursor.description or [])
