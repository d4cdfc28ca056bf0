"""One GoogleSQL statement, compiled: parsed, parameters bound, tables found, DuckDB text written.

Belongs here: the kinds of statements and the order of the steps. Not here: running them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError, UnsupportedError

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.coercion import check_assignments
from pipeline.sandbox.warehouse.sql.dialect import GoogleSQL, duck, write
from pipeline.sandbox.warehouse.sql.errors import invalid_query, syntax_error
from pipeline.sandbox.warehouse.sql.parameters import bind, read_parameters
from pipeline.sandbox.warehouse.sql.rewrite import rewrite
from pipeline.sandbox.warehouse.sql.tables import TableRef, TableResolver, Tables

_KINDS: dict[type[exp.Expression], str] = {
    exp.Select: "SELECT",
    exp.Union: "SELECT",
    exp.Except: "SELECT",
    exp.Intersect: "SELECT",
    exp.Subquery: "SELECT",
    exp.Insert: "INSERT",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.Merge: "MERGE",
    exp.TruncateTable: "TRUNCATE_TABLE",
}


@dataclass(frozen=True)
class Statement:
    """A statement that DuckDB can run.

    ``kind`` is BigQuery's statementType; ``target`` the table that DML changes; ``references`` the
    tables it reads, through views too, each once.
    """

    kind: str
    sql: str
    target: TableRef | None
    references: tuple[TableRef, ...]


def compile_statement(
    sql: str,
    *,
    tables: TableResolver,
    parameters: list[dict[str, Any]],
    default_dataset: tuple[str, str] | None,
) -> Statement:
    """Return ``sql``, a GoogleSQL statement, compiled for DuckDB.

    ``parameters`` are the REST API's ``queryParameters``; ``default_dataset`` is (project, dataset)
    for table names without one. Pure: compiling twice gives the same.

    Raises:
        ApiError: 400 for what BigQuery would refuse, 404 for tables that the resolver lacks.
        NotImplementedHere: what the sandbox does not know to mean the same in DuckDB.
    """
    found = Tables(tables, default_dataset)
    try:
        tree = _parsed(sql).copy()
        bind(tree, read_parameters(parameters))
        kind = _KINDS[type(tree)]
        target, text = _written(tree, found)
    except RecursionError:
        raise invalid_query("Query is too complex: too deeply nested") from None
    return Statement(kind, text, target, tuple(found.references))


@lru_cache(maxsize=256)
def _parsed(sql: str) -> exp.Expression:
    if sql.lstrip().lower().startswith("#legacysql"):
        raise NotImplementedHere("legacy SQL")
    try:
        trees = sqlglot.parse(sql, dialect=GoogleSQL)
    except SqlglotError as error:
        raise syntax_error(error) from None
    # A comment after the last semicolon is a tree of its own.
    statements = [tree for tree in trees if tree and not isinstance(tree, exp.Semicolon)]
    if not statements:
        raise invalid_query("Syntax error: Unexpected end of script at [1:1]")
    if len(statements) > 1:
        raise NotImplementedHere("scripts of several statements")
    if type(statements[0]) not in _KINDS:
        raise NotImplementedHere(f"the statement {' '.join(sql.split()[:2]).upper()}")
    return cast(exp.Expression, statements[0])


def _written(tree: exp.Expression, tables: Tables) -> tuple[TableRef | None, str]:
    target = _take_target(tree, tables)
    tables.replace_in(tree)
    try:
        return target, write(rewrite(tree))
    except UnsupportedError as error:
        raise NotImplementedHere(str(error)) from None


def _take_target(tree: exp.Expression, tables: Tables) -> TableRef | None:
    """Put the relation of the table that DML changes in its place, and return which it is."""
    match tree:
        case exp.Insert() | exp.Merge() | exp.Update():
            node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        case exp.Delete():
            node = tree.this or tree.args["tables"][0]
            tree.set("tables", None)
            tree.set("this", node)
        case exp.TruncateTable() if len(tree.expressions) == 1:
            node = tree.expressions[0]
        case _:
            return None
    if isinstance(tree, (exp.Update, exp.Delete)) and not tree.args.get("where"):
        raise invalid_query(f"{tree.key.upper()} must have a WHERE clause at [1:1]")
    reference, relation = tables.target(node)
    plain = isinstance(tree, (exp.Insert, exp.TruncateTable))
    alias = exp.to_identifier(node.alias or reference.table)
    check_assignments(tree, tables.columns(reference))
    node.replace(relation if plain else duck("{0} AS {1}", relation, alias))
    return reference
