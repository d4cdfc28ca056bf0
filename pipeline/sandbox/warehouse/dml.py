"""INSERT, UPDATE, DELETE, MERGE and TRUNCATE TABLE: the rows they changed and where.

Belongs here: running a DML statement, its counts, the partitions it touched. Not here: GoogleSQL
(``sql/``).
"""

from collections import Counter
from typing import Any

import duckdb

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource, Table
from pipeline.sandbox.warehouse.partitions import Size, measured
from pipeline.sandbox.warehouse.references import TableRef
from pipeline.sandbox.warehouse.sql import Statement

FETCHED: int = 100_000


def run(cursor: Cursor, catalog: Catalog, statement: Statement, ref: TableRef) -> Resource:
    """Run the statement, which changes ``ref``; return its part of ``statistics.query``.

    Raises ApiError 400 where a REQUIRED field would become NULL.
    """
    table = catalog.table(cursor, ref)
    try:
        counts, touched = _executed(cursor, catalog, statement, table)
    except duckdb.ConstraintException as error:
        field = str(error).partition("\n")[0].rpartition(".")[2]
        raise ApiError(400, "invalidQuery", f"Required field {field} cannot be null") from error
    _record(cursor, catalog, table, touched)
    return {"numDmlAffectedRows": str(sum(counts.values())), "dmlStats": _stats(counts)}


def _executed(
    cursor: Cursor, catalog: Catalog, statement: Statement, table: Table
) -> tuple[Counter[str], set[str | None]]:
    """Rows by what became of them, and the partitions that an unchanged row count would not tell.

    Inserted and deleted rows are seen in the partitions' counts; changed ones must be asked for.
    """
    kind = statement.kind
    if kind == "TRUNCATE_TABLE":
        rows = sum(size.rows for size in catalog.sizes(cursor, table.ref).values())
        cursor.execute(statement.sql)
        return Counter(DELETE=rows), {None} if table.partitioning is None else set()
    if kind not in ("UPDATE", "MERGE"):
        row = cursor.execute(statement.sql).fetchone()
        return Counter({kind: int(row[0]) if row else 0}), set()
    key = "NULL" if table.partitioning is None else table.partitioning.key
    action = "merge_action" if kind == "MERGE" else "'UPDATE'"
    cursor.execute(f"{statement.sql} RETURNING {action}, CAST({key} AS TIMESTAMP)")
    counts: Counter[tuple[str, Any]] = Counter()
    while rows_changed := cursor.fetchmany(FETCHED):
        counts.update(rows_changed)
    by_action: Counter[str] = Counter()
    for (name, _), number in counts.items():
        by_action[name] += number
    partitioning = table.partitioning
    return by_action, {partitioning.id_of(key) if partitioning else None for _, key in counts}


def _record(cursor: Cursor, catalog: Catalog, table: Table, touched: set[str | None]) -> None:
    before = catalog.sizes(cursor, table.ref)
    after = measured(cursor, table.ref.relation, table.fields, table.partitioning)
    changed: dict[str | None, Size | None] = {
        key: size for key, size in after.items() if key in touched or before.get(key) != size
    }
    gone: dict[str | None, Size | None] = dict.fromkeys(before.keys() - after.keys())
    catalog.record_sizes(cursor, table.ref, gone | changed)
    if gone or changed:
        catalog.save_table(cursor, table.ref, table.resource)


def _stats(counts: Counter[str]) -> Resource:
    names = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}
    return {f"{word}RowCount": str(counts[name]) for name, word in names.items()}
