"""Making, changing and dropping tables and views, in DuckDB and in the catalog at once.

Belongs here: what the REST API and jobs both do to a table as a whole. Not here: its rows.
"""

from typing import Final

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource, Table, now_ms
from pipeline.sandbox.warehouse.database import quoted
from pipeline.sandbox.warehouse.partitions import Size, partitioning_of
from pipeline.sandbox.warehouse.references import TableRef
from pipeline.sandbox.warehouse.schema import Field, by_name, column_ddl, normalized

GIVEN: Final = {
    "schema",
    "description",
    "friendlyName",
    "labels",
    "timePartitioning",
    "clustering",
}
"""What a request may say of a table, beside its reference."""
ANSWERED: Final = {"kind", "etag", "id", "selfLink", "tableReference", "type", "location"} | {
    "creationTime",
    "lastModifiedTime",
    "numRows",
    "numBytes",
    "numLongTermBytes",
    "numPhysicalBytes",
    "numTotalLogicalBytes",
}
"""What only the service says of a table; a request that repeats it changes nothing."""


def created(catalog: Catalog, cursor: Cursor, ref: TableRef, given: Resource) -> Table:
    """Make an empty table as ``given`` describes it.

    Raises:
        ApiError: 400 bad schema, partitioning or clustering; 404 no such dataset.
        NotImplementedHere: ``given`` asks for something that the sandbox does not hold.
    """
    dataset = catalog.dataset(cursor, ref.project, ref.dataset)
    fields = normalized(given.get("schema"))
    resource = checked(given, fields) | new_resource(ref, dataset["location"], "TABLE")
    if not fields:
        raise NotImplementedHere(f"tables without a schema ({ref})")
    columns = ", ".join(column_ddl(field) for field in fields)
    cursor.execute(f"CREATE TABLE {ref.relation} ({columns})")
    table = catalog.save_table(cursor, ref, resource)
    if table.partitioning is None:
        catalog.record_sizes(cursor, ref, {None: Size(0, 0)})
    return table


def checked(given: Resource, fields: list[Field]) -> Resource:
    """Return what is to be kept of ``given``; raise where it is wrong or not supported."""
    unknown = {key for key, value in given.items() if value and key not in GIVEN | ANSWERED}
    if unknown:
        raise NotImplementedHere(f"tables with {', '.join(sorted(unknown))}")
    partitioning_of(given, fields)
    for column in (given.get("clustering") or {}).get("fields") or ():
        if column.casefold() not in by_name(fields):
            raise Invalid(
                "The field specified for clustering cannot be found in the schema. Invalid "
                f"field: {column}."
            )
    kept = {key: given[key] for key in GIVEN if given.get(key)}
    return kept | ({"schema": {"fields": fields}} if fields else {})


def new_resource(ref: TableRef, location: str, kind: str) -> Resource:
    """Return the attributes that the service gives a new table."""
    return {
        "kind": "bigquery#table",
        "id": str(ref),
        "selfLink": f"/bigquery/v2/projects/{ref.project}/datasets/{ref.dataset}"
        f"/tables/{ref.table}",
        "tableReference": ref.resource(),
        "type": kind,
        "location": location,
        "creationTime": str(now_ms()),
    }


def dropped(catalog: Catalog, cursor: Cursor, table: Table) -> None:
    """Delete the table or view and everything that is known of it."""
    kind = "VIEW" if table.is_view else "TABLE"
    cursor.execute(f"DROP {kind} {table.ref.relation}")
    catalog.forget_table(cursor, table.ref)


def drop_schema(cursor: Cursor, dataset: str) -> None:
    """Delete the DuckDB schema of an empty dataset."""
    cursor.execute(f"DROP SCHEMA {quoted(dataset)}")
