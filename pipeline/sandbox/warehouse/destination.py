"""The table, or the one partition, that a job writes.

Belongs here: dispositions, partition decorators, the schema a table gets, the sizes after a write.
Not here: where the rows come from (``load.py``, ``copy.py``, ``query.py``).

Everything here runs on the connection of one transaction: prepare, insert, finish; then the job
commits it together with its own end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse import schema
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource, Table
from pipeline.sandbox.warehouse.database import quoted
from pipeline.sandbox.warehouse.jobs import job_type
from pipeline.sandbox.warehouse.partitions import Size, measured, partitioning_of
from pipeline.sandbox.warehouse.references import TableRef, parsed
from pipeline.sandbox.warehouse.schema import Field
from pipeline.sandbox.warehouse.tables import created

DISPOSITIONS = ("WRITE_EMPTY", "WRITE_APPEND", "WRITE_TRUNCATE")


@dataclass(frozen=True)
class Destination:
    """Where a job writes: ``attributes`` are the REST attributes a new table would get."""

    catalog: Catalog
    ref: TableRef
    partition: str | None
    write: str
    may_create: bool
    attributes: Resource
    options: tuple[str, ...]

    @classmethod
    def of(cls, catalog: Catalog, job: Resource) -> "Destination":
        """Return the destination that a job's configuration names; raise 400 where it is bad."""
        kind = job_type(job["configuration"])
        config = job["configuration"][kind]
        ref, partition = parsed(config.get("destinationTable"), job["jobReference"]["projectId"])
        default = "WRITE_APPEND" if kind == "load" else "WRITE_EMPTY"
        write = str(config.get("writeDisposition") or default)
        create = str(config.get("createDisposition") or "CREATE_IF_NEEDED")
        if write not in DISPOSITIONS or create not in ("CREATE_IF_NEEDED", "CREATE_NEVER"):
            raise Invalid(f"Invalid value for disposition: {write}, {create}")
        kept = ("timePartitioning", "rangePartitioning", "clustering")
        attributes = {key: config[key] for key in kept if config.get(key)}
        described = config.get("destinationTableProperties") or {}
        return cls(
            catalog,
            ref,
            partition,
            write,
            create == "CREATE_IF_NEEDED",
            attributes | {key: value for key, value in described.items() if value},
            tuple(config.get("schemaUpdateOptions") or ()),
        )

    @property
    def name(self) -> str:
        """The destination as messages name it."""
        return f"{self.ref}${self.partition}" if self.partition else str(self.ref)

    def existing(self, cursor: Cursor) -> Table | None:
        """Return the table as it is now, or None; raise where it cannot be written so."""
        self.catalog.dataset(cursor, self.ref.project, self.ref.dataset)
        table = self.catalog.find_table(cursor, self.ref)
        if table is None and not self.may_create:
            raise ApiError(404, "notFound", f"Not found: Table {self.ref}")
        if table is not None and table.is_view:
            raise Invalid(
                f"{self.ref} is not allowed for this operation because it is currently a VIEW."
            )
        if table is not None:
            self._check_layout(table)
        return table

    def prepare(self, cursor: Cursor, fields: Sequence[Field]) -> Table:
        """Return the table, made or changed so that rows with ``fields`` can be inserted."""
        table = self.existing(cursor)
        if table is None:
            return self._create(cursor, fields, self.attributes)
        if self.write == "WRITE_EMPTY" and self._size(self._recorded(cursor)).rows:
            raise ApiError(409, "duplicate", f"Already Exists: Table {self.name}")
        if self.write == "WRITE_TRUNCATE" and self.partition is None:
            return self._replace(cursor, table, fields)
        table = self._evolve(cursor, table, fields)
        if self.write == "WRITE_TRUNCATE":
            cursor.execute(f"DELETE FROM {self.ref.relation} WHERE {self._scope(table)}")
        return table

    def insert(self, cursor: Cursor, columns: Sequence[Field], select: str) -> int:
        """Insert the rows of ``select``, whose columns are ``columns``; return how many."""
        names = ", ".join(quoted(field["name"]) for field in columns)
        try:
            done = cursor.execute(f"INSERT INTO {self.ref.relation} ({names}) {select}").fetchone()
        except duckdb.ConstraintException as error:
            name = str(error).partition("\n")[0].rpartition(".")[2]
            raise Invalid(
                "Error while reading data, error message: Only optional fields can be set "
                f"to NULL. Field: {name}; Value: NULL"
            ) from error
        return 0 if done is None else int(done[0])

    def finish(self, cursor: Cursor, table: Table) -> Size:
        """Record the sizes after the write; return by how much the destination grew.

        Raises ApiError 400 where rows went outside the destination's partition.
        """
        before = self._recorded(cursor)
        sizes = measured(
            cursor, self.ref.relation, table.fields, table.partitioning, self._scope(table)
        )
        if self.partition is None:
            self._record_all(cursor, before, sizes)
        else:
            self._check_outside(cursor, table, before)
            self.catalog.record_sizes(
                cursor, self.ref, {self.partition: sizes.get(self.partition, Size(0, 0))}
            )
        self.catalog.save_table(cursor, self.ref, table.resource)
        grown, old = self._size(sizes), self._size(before)
        kept = old if self.write != "WRITE_TRUNCATE" else Size(0, 0)
        return Size(grown.rows - kept.rows, grown.bytes - kept.bytes)

    def _record_all(
        self, cursor: Cursor, before: dict[str | None, Size], sizes: dict[str | None, Size]
    ) -> None:
        replaced = self.write == "WRITE_TRUNCATE"
        changed: dict[str | None, Size | None] = {
            key: size for key, size in sizes.items() if replaced or before.get(key) != size
        }
        gone = dict.fromkeys(before.keys() - sizes.keys())
        self.catalog.record_sizes(cursor, self.ref, gone | changed)

    def _check_outside(self, cursor: Cursor, table: Table, before: dict[str | None, Size]) -> None:
        outside = sum(size.rows for key, size in before.items() if key != self.partition)
        found = cursor.execute(
            f"SELECT count(*) FROM {self.ref.relation} WHERE NOT {self._scope(table)}"
        ).fetchone()
        if found != (outside,):
            raise Invalid(
                "Some rows belong to different partitions rather than destination "
                f"partition {self.name}"
            )

    def _recorded(self, cursor: Cursor) -> dict[str | None, Size]:
        return self.catalog.sizes(cursor, self.ref)

    def _size(self, sizes: dict[str | None, Size]) -> Size:
        mine = [s for key, s in sizes.items() if self.partition is None or key == self.partition]
        return Size(sum(size.rows for size in mine), sum(size.bytes for size in mine))

    def _scope(self, table: Table) -> str:
        if self.partition is None:
            return "true"
        if table.partitioning is None:
            raise Invalid(
                "Cannot read partition information from a table that is not partitioned: "
                f"{self.name}"
            )
        return table.partitioning.holds(self.partition)

    def _check_layout(self, table: Table) -> None:
        self._scope(table)
        wanted = partitioning_of(self.attributes, table.fields)
        if wanted is not None and wanted != table.partitioning:
            raise Invalid(
                "Incompatible table partitioning specification. Expects partitioning specification "
                f"{_interval(table.resource)}, but input partitioning specification is "
                f"{_interval(self.attributes)}",
            )
        clustering = self.attributes.get("clustering")
        if clustering is not None and clustering != table.resource.get("clustering"):
            raise Invalid(
                "Incompatible table clustering specification. Expects "
                f"{table.resource.get('clustering')}, but input is {clustering}"
            )

    def _create(self, cursor: Cursor, fields: Sequence[Field], attributes: Resource) -> Table:
        if self.partition is not None and not attributes.get("timePartitioning"):
            raise NotImplementedHere(f"making a table partitioned by ingestion time ({self.name})")
        resource = attributes | {"schema": {"fields": list(fields)}}
        table = created(self.catalog, cursor, self.ref, resource)
        self._scope(table)
        return table

    def _replace(self, cursor: Cursor, table: Table, fields: Sequence[Field]) -> Table:
        """Make the table anew; its partitions, clustering and labels stay, its schema does not."""
        cursor.execute(f"DROP TABLE {self.ref.relation}")
        kept = {key: value for key, value in table.resource.items() if key != "schema"}
        descriptions = schema.by_name(table.fields)
        fields = [_described(field, descriptions) for field in fields]
        return self._create(cursor, fields, kept | self.attributes)

    def _evolve(self, cursor: Cursor, table: Table, fields: Sequence[Field]) -> Table:
        merged = schema.merged_for_load(str(self.ref), table.fields, list(fields), self.options)
        alter_columns(cursor, self.ref, table.fields, merged)
        return Table(self.ref, table.resource | {"schema": {"fields": merged}})


def alter_columns(
    cursor: Cursor, ref: TableRef, old: Sequence[Field], new: Sequence[Field]
) -> None:
    """Give the DuckDB table the fields ``new``: more columns, or fewer NOT NULL."""
    before = schema.by_name(old)
    for field in new:
        known = before.get(field["name"].casefold())
        if known is None:
            cursor.execute(f"ALTER TABLE {ref.relation} ADD COLUMN {schema.column_ddl(field)}")
        elif known["mode"] != field["mode"]:
            column = quoted(known["name"])
            cursor.execute(f"ALTER TABLE {ref.relation} ALTER COLUMN {column} DROP NOT NULL")


def _described(field: Field, old: dict[str, Field]) -> Field:
    known: dict[str, Any] = old.get(field["name"].casefold(), {})
    return {"description": known["description"], **field} if "description" in known else field


def _interval(resource: Resource) -> str:
    spec = resource.get("timePartitioning")
    return f"interval(type:{spec['type'].lower()},field:{spec['field']})" if spec else "none"
