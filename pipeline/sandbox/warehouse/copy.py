"""Copy jobs: tables or partitions into a table or one partition, all or nothing.

Belongs here: which rows are copied, and the table they make. Not here: writing it
(``destination.py``).
"""

from dataclasses import replace
from typing import Final

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource, Table
from pipeline.sandbox.warehouse.database import quoted
from pipeline.sandbox.warehouse.destination import Destination
from pipeline.sandbox.warehouse.references import TableRef, parsed

SUPPORTED: Final = {
    "sourceTable",
    "sourceTables",
    "destinationTable",
    "writeDisposition",
    "createDisposition",
    "operationType",
}
KEPT: Final = ("timePartitioning", "clustering", "description", "labels")


def check(config: Resource, project: str) -> None:
    """Raise where a copy's configuration is wrong or not supported."""
    unknown = {key for key, value in config.items() if value and key not in SUPPORTED}
    if unknown:
        raise NotImplementedHere(f"copy jobs with {', '.join(sorted(unknown))}")
    if config.get("operationType") not in (None, "COPY"):
        raise NotImplementedHere(f"copy jobs of operationType {config['operationType']}")
    sources(config, project)


def sources(config: Resource, project: str) -> list[tuple[TableRef, str | None]]:
    """Return the tables, with their partition ids, that are copied; raise 400 for none."""
    named = config.get("sourceTables") or [config.get("sourceTable")]
    return [parsed(resource, project) for resource in named]


def run(
    cursor: Cursor, catalog: Catalog, project: str, config: Resource, destination: Destination
) -> Resource:
    """Copy on the connection's transaction; return ``statistics.copy``."""
    found = [
        (_source(cursor, catalog, ref), partition) for ref, partition in sources(config, project)
    ]
    if any(table.ref == destination.ref and not partition for table, partition in found):
        raise Invalid(f"Cannot copy {destination.ref} onto itself")
    first = found[0][0]
    if destination.existing(cursor) is None:
        attributes: Resource = {key: first.resource[key] for key in KEPT if key in first.resource}
        destination = replace(destination, attributes=attributes)
    target = destination.prepare(cursor, first.fields)
    for table, partition in found:
        _insert(cursor, destination, table, partition)
    grown = destination.finish(cursor, target)
    return {"copiedRows": str(grown.rows), "copiedLogicalBytes": str(grown.bytes)}


def _source(cursor: Cursor, catalog: Catalog, ref: TableRef) -> Table:
    table = catalog.table(cursor, ref)
    if table.is_view:
        raise Invalid(f"{ref} is not allowed for this operation because it is currently a VIEW.")
    return table


def _insert(cursor: Cursor, destination: Destination, table: Table, partition: str | None) -> None:
    where = "true"
    if partition is not None:
        if table.partitioning is None:
            raise Invalid(
                "Cannot read partition information from a table that is not partitioned: "
                f"{table.ref}${partition}"
            )
        where = table.partitioning.holds(partition)
    names = ", ".join(quoted(field["name"]) for field in table.fields)
    destination.insert(
        cursor, table.fields, f"SELECT {names} FROM {table.ref.relation} WHERE {where}"
    )
