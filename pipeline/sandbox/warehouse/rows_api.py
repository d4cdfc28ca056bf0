"""``tabledata``: list.

Belongs here: rows of a table over HTTP. Not here: results of queries (``query_api.py``).
"""

from pipeline.sandbox.http import Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.api import WarehouseHandler
from pipeline.sandbox.warehouse.catalog import Resource, Table
from pipeline.sandbox.warehouse.references import TableRef, split
from pipeline.sandbox.warehouse.results import PAGE_ROWS, Page
from pipeline.sandbox.warehouse.schema import Field, by_name


class PagedHandler(WarehouseHandler):
    """A handler that answers rows."""

    def page(self) -> Page:
        """Return which rows the query string asks for."""
        start = self.number("pageToken", self.number("startIndex", 0))
        as_integers = self.get_query_argument("formatOptions.useInt64Timestamp", "false")
        size = self.number("maxResults", PAGE_ROWS)
        return Page(start, size, as_integers.casefold() == "true")


class TableRows(PagedHandler):
    """``/tables/<table>/data``; ``table$202101`` answers that partition's rows."""

    async def get(self, project: str, dataset: str, table: str) -> None:
        """Answer a page of rows, of all fields or of ``selectedFields``."""
        name, partition = split(table)
        selected = self.get_query_argument("selectedFields", "")
        ref = TableRef(project, dataset, name)
        self.respond(await self.run(self._list, ref, partition, selected, self.page()))

    def _list(self, ref: TableRef, partition: str | None, selected: str, page: Page) -> Resource:
        with self.database.snapshot() as cursor:
            table = self.catalog.table(cursor, ref)
            fields = _selected(table.fields, selected)
            rows = page.of(cursor, _relation(table, partition), fields)
        return {"kind": "bigquery#tableDataList", "etag": table.resource["etag"]} | rows


class InsertAll(WarehouseHandler):
    """``/tables/<table>/insertAll``: streaming is outside the slice."""

    async def post(self, project: str, dataset: str, table: str) -> None:
        """Refuse."""
        raise NotImplementedHere("tabledata.insertAll (streaming inserts); use a load job")


def _relation(table: Table, partition: str | None) -> str:
    if table.is_view:
        raise Invalid("Cannot list a table of type VIEW.")
    if partition is None:
        return table.ref.relation
    if table.partitioning is None:
        raise Invalid(
            "Cannot read partition information from a table that is not partitioned: "
            f"{table.ref}${partition}"
        )
    return f"{table.ref.relation} WHERE {table.partitioning.holds(partition)}"


def _selected(fields: list[Field], names: str) -> list[Field]:
    wanted = {name.strip().casefold() for name in names.split(",") if name.strip()}
    unknown = wanted - by_name(fields).keys()
    if unknown:
        raise Invalid(f"No such field: {sorted(unknown)[0]}")
    return [field for field in fields if not wanted or field["name"].casefold() in wanted]
