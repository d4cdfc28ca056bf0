"""``tables``: insert, list, get, patch, update, delete.

Belongs here: what a request may do to a table. Not here: its rows (``rows_api.py``), jobs.
"""

from pipeline.sandbox.http import ApiError, Invalid
from pipeline.sandbox.warehouse import views
from pipeline.sandbox.warehouse.api import WarehouseHandler, page
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource
from pipeline.sandbox.warehouse.catalog import Table as TableEntry
from pipeline.sandbox.warehouse.destination import alter_columns
from pipeline.sandbox.warehouse.references import TableRef, parsed, split
from pipeline.sandbox.warehouse.schema import check_evolution, normalized
from pipeline.sandbox.warehouse.tables import GIVEN, checked, created, dropped


class Tables(WarehouseHandler):
    """``/tables``."""

    async def post(self, project: str, dataset: str) -> None:
        """Make a table or view; 409 where there is one of that name."""
        body = self.json_body()
        self.respond(await self.run(self._insert, project, dataset, body))

    async def get(self, project: str, dataset: str) -> None:
        """List tables and views, by name."""
        tables = await self.run(self._list, project, dataset)
        found, rest = page(tables, self.offset(), self.number("maxResults", 1000))
        self.respond(
            {"kind": "bigquery#tableList", "tables": found, "totalItems": len(tables)} | rest
        )

    def _insert(self, project: str, dataset: str, body: Resource) -> Resource:
        reference = {"datasetId": dataset} | (body.get("tableReference") or {})
        ref, partition = parsed(reference, project)
        if partition is not None or ref.dataset != dataset:
            raise Invalid(f"Invalid table reference {reference}")
        with self.database.writing() as cursor:
            self.catalog.dataset(cursor, project, dataset)
            if self.catalog.find_table(cursor, ref) is not None:
                raise ApiError(409, "duplicate", f"Already Exists: Table {ref}")
            make = created if body.get("view") is None else views.created
            return self.catalog.described(cursor, make(self.catalog, cursor, ref, body))

    def _list(self, project: str, dataset: str) -> list[Resource]:
        kept = ("kind", "id", "tableReference", "type", "labels", "creationTime", "friendlyName")
        more = (*kept, "timePartitioning", "clustering")
        with self.database.snapshot() as cursor:
            self.catalog.dataset(cursor, project, dataset)
            tables = self.catalog.tables(cursor, dataset)
        listed = [{k: table.resource[k] for k in more if k in table.resource} for table in tables]
        view = {"view": {"useLegacySql": False}}
        return [item | (view if item["type"] == "VIEW" else {}) for item in listed]


class Table(WarehouseHandler):
    """``/tables/<table>``; ``table$202101`` answers the table, as in the real service."""

    async def get(self, project: str, dataset: str, table: str) -> None:
        """Answer the table, with its rows and bytes."""
        self.respond(await self.run(self._get, TableRef(project, dataset, split(table)[0])))

    async def patch(self, project: str, dataset: str, table: str) -> None:
        """Change what the request names; null takes it away."""
        body = self.json_body()
        self.respond(await self.run(self._change, TableRef(project, dataset, table), body, True))

    async def put(self, project: str, dataset: str, table: str) -> None:
        """Replace what a request may say."""
        body = self.json_body()
        self.respond(await self.run(self._change, TableRef(project, dataset, table), body, False))

    async def delete(self, project: str, dataset: str, table: str) -> None:
        """Delete the table or view."""
        await self.run(self._delete, TableRef(project, dataset, table))
        self.set_status(204)

    def _get(self, ref: TableRef) -> Resource:
        with self.database.snapshot() as cursor:
            return self.catalog.described(cursor, self.catalog.table(cursor, ref))

    def _change(self, ref: TableRef, body: Resource, patches: bool) -> Resource:
        named = set(body) if patches else GIVEN | views.GIVEN
        with self.database.writing() as cursor:
            old = self.catalog.table(cursor, ref)
            self.check_etag(old.resource)
            change = views.changed if old.is_view else _changed
            return self.catalog.described(cursor, change(self.catalog, cursor, old, body, named))

    def _delete(self, ref: TableRef) -> None:
        with self.database.writing() as cursor:
            dropped(self.catalog, cursor, self.catalog.table(cursor, ref))


def _changed(
    catalog: Catalog, cursor: Cursor, old: TableEntry, body: Resource, named: set[str]
) -> TableEntry:
    """Change the table; raise 400 where it cannot become that in place."""
    fields = normalized(body.get("schema")) or old.fields
    check_evolution(str(old.ref), old.fields, fields)
    given = checked(body, fields)
    kept = {key: value for key, value in old.resource.items() if key not in GIVEN & named}
    new = kept | given | {"schema": {"fields": fields}}
    if new.get("timePartitioning") != old.resource.get("timePartitioning"):
        raise Invalid(
            "Cannot change partitioning spec of a table in place: "
            f"{old.resource.get('timePartitioning')} to {new.get('timePartitioning')} ({old.ref})",
        )
    alter_columns(cursor, old.ref, old.fields, fields)
    return catalog.save_table(cursor, old.ref, new)
