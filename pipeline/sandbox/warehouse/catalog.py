"""What datasets and tables there are: their REST resources, kept in the schema ``_sandbox``.

Belongs here: reading and writing catalog rows on a given connection, in its transaction. Not here:
what a request may change (``dataset_api.py``, ``table_api.py``), the rows of tables.
"""

import base64
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from pipeline.sandbox.http import ApiError, NotImplementedHere
from pipeline.sandbox.warehouse.partitions import Partitioning, Size, partitioning_of
from pipeline.sandbox.warehouse.references import TableRef
from pipeline.sandbox.warehouse.schema import Field

Cursor = duckdb.DuckDBPyConnection
Resource = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table or view: its name and its REST resource."""

    ref: TableRef
    resource: Resource

    @property
    def fields(self) -> list[Field]:
        """The schema's fields."""
        return list(self.resource.get("schema", {}).get("fields", []))

    @cached_property
    def partitioning(self) -> Partitioning | None:
        """How its rows are partitioned, or None."""
        return partitioning_of(self.resource, self.fields)

    @property
    def is_view(self) -> bool:
        """Whether it is a view, which holds no rows of its own."""
        return bool(self.resource["type"] == "VIEW")


class Catalog:
    """The datasets and tables of every project.

    Any project may be named; a dataset belongs to the one that made it.
    """

    def find_dataset(self, cursor: Cursor, project: str, dataset: str) -> Resource | None:
        """Return the dataset's resource, or None."""
        known = {item["id"]: item for item in self.datasets(cursor)}
        return known.get(f"{project}:{dataset}")

    def dataset(self, cursor: Cursor, project: str, dataset: str) -> Resource:
        """Return the dataset's resource; raise 404 where there is none."""
        found = self.find_dataset(cursor, project, dataset)
        if found is None:
            raise ApiError(404, "notFound", f"Not found: Dataset {project}:{dataset}")
        return found

    def datasets(self, cursor: Cursor) -> list[Resource]:
        """Return every project's datasets, by name."""
        rows = cursor.execute("SELECT resource FROM _sandbox.datasets ORDER BY dataset").fetchall()
        return [json.loads(row[0]) for row in rows]

    def check_location(self, cursor: Cursor, project: str, dataset: str, location: str) -> None:
        """Raise 404 where the dataset is not in ``location``."""
        found = self.find_dataset(cursor, project, dataset)
        if found is None or found["location"].casefold() != location.casefold():
            raise ApiError(
                404,
                "notFound",
                f"Not found: Dataset {project}:{dataset} was not found in location {location}",
            )

    def save_dataset(self, cursor: Cursor, dataset: str, resource: Resource) -> Resource:
        """Write the dataset's resource with a new etag; return what was written."""
        saved = stamped(resource)
        self.forget_dataset(cursor, dataset)
        cursor.execute("INSERT INTO _sandbox.datasets VALUES (?, ?)", [dataset, json.dumps(saved)])
        return saved

    def forget_dataset(self, cursor: Cursor, dataset: str) -> None:
        """Delete the dataset's row."""
        cursor.execute("DELETE FROM _sandbox.datasets WHERE dataset = ?", [dataset])

    def find_table(self, cursor: Cursor, ref: TableRef) -> Table | None:
        """Return the table, or None.

        Raises NotImplementedHere where another table's name differs in case only.
        """
        rows = cursor.execute(
            "SELECT name, resource FROM _sandbox.tables WHERE dataset = ? AND lower(name) = ?",
            [ref.dataset, ref.table.lower()],
        ).fetchall()
        if not rows:
            return None
        table = Table(ref, json.loads(rows[0][1]))
        if rows[0][0] != ref.table:
            raise NotImplementedHere(f"tables whose names differ in case only ({rows[0][0]})")
        return table if table.resource["id"] == str(ref) else None

    def table(self, cursor: Cursor, ref: TableRef) -> Table:
        """Return the table; raise 404 where it, or its dataset, is missing."""
        self.dataset(cursor, ref.project, ref.dataset)
        found = self.find_table(cursor, ref)
        if found is None:
            raise ApiError(404, "notFound", f"Not found: Table {ref}")
        return found

    def tables(self, cursor: Cursor, dataset: str) -> list[Table]:
        """Return the dataset's tables and views, by name."""
        rows = cursor.execute(
            "SELECT resource FROM _sandbox.tables WHERE dataset = ? ORDER BY name", [dataset]
        ).fetchall()
        found = [json.loads(row[0]) for row in rows]
        return [Table(TableRef(*item["tableReference"].values()), item) for item in found]

    def save_table(self, cursor: Cursor, ref: TableRef, resource: Resource) -> Table:
        """Write the table's resource with a new etag; return what was written."""
        saved = stamped(resource)
        row = [ref.dataset, ref.table]
        cursor.execute("DELETE FROM _sandbox.tables WHERE dataset = ? AND name = ?", row)
        cursor.execute("INSERT INTO _sandbox.tables VALUES (?, ?, ?)", [*row, json.dumps(saved)])
        return Table(ref, saved)

    def forget_table(self, cursor: Cursor, ref: TableRef) -> None:
        """Delete the table's row and its partitions'."""
        for table in ("tables", "partitions"):
            cursor.execute(
                f"DELETE FROM _sandbox.{table} WHERE dataset = ? AND name = ?",
                [ref.dataset, ref.table],
            )

    def sizes(self, cursor: Cursor, ref: TableRef) -> dict[str | None, Size]:
        """Return the recorded size of every partition; of an unpartitioned table under None."""
        rows = cursor.execute(
            "SELECT partition_id, rows, bytes FROM _sandbox.partitions "
            "WHERE dataset = ? AND name = ?",
            [ref.dataset, ref.table],
        ).fetchall()
        return {partition: Size(rows, size) for partition, rows, size in rows}

    def record_sizes(
        self, cursor: Cursor, ref: TableRef, sizes: dict[str | None, Size | None]
    ) -> None:
        """Write the sizes of partitions that were just modified; None forgets a partition."""
        now = now_ms()
        for partition, size in sizes.items():
            row = [ref.dataset, ref.table, partition]
            cursor.execute(
                "DELETE FROM _sandbox.partitions WHERE dataset = ? AND name = ? "
                "AND partition_id IS NOT DISTINCT FROM ?",
                row,
            )
            if size is not None:
                cursor.execute(
                    "INSERT INTO _sandbox.partitions VALUES (?, ?, ?, ?, ?, ?)", [*row, *size, now]
                )

    def described(self, cursor: Cursor, table: Table) -> Resource:
        """Return the resource that ``tables.get`` answers: with rows and bytes."""
        sizes: Iterable[Size] = self.sizes(cursor, table.ref).values()
        total = [sum(size.rows for size in sizes), sum(size.bytes for size in sizes)]
        counted = {"numRows": str(total[0]), "numBytes": str(total[1]), "numLongTermBytes": "0"}
        return table.resource | counted


def stamped(resource: Resource) -> Resource:
    """Return ``resource`` as modified now: new etag, new ``lastModifiedTime``."""
    etag = base64.b64encode(uuid.uuid4().bytes).decode()
    return resource | {"etag": etag, "lastModifiedTime": str(now_ms())}


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return int(time.time() * 1000)
