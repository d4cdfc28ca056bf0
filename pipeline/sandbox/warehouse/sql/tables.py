"""Tables in a statement: which are meant, and their relations put in their place.

Belongs here: names, common table expressions, INFORMATION_SCHEMA. Not here: whether a table
exists (the resolver knows).
"""

from typing import NamedTuple, Protocol

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.dialect import duck, verbatim
from pipeline.sandbox.warehouse.sql.errors import invalid_query

_NAMING_PARTS = {"this", "db", "catalog", "alias"}


class TableRef(NamedTuple):
    """A table as a statement names it; ``project`` is None where it names none."""

    project: str | None
    dataset: str
    table: str


class Source(NamedTuple):
    """What a statement reads under a name: DuckDB's relation, and the tables behind it."""

    relation: str
    tables: tuple[TableRef, ...]


class TableResolver(Protocol):
    """Where tables are; implemented by the warehouse's catalog."""

    def source(self, project: str | None, dataset: str, table: str) -> Source:
        """Return what is read: a table, or a view's query in parentheses; raise ApiError 404."""

    def target(self, project: str | None, dataset: str, table: str) -> str:
        """Return the quoted DuckDB table that is changed; raise ApiError 404, or 400 for a view."""

    def columns(self, project: str | None, dataset: str, table: str) -> dict[str, str]:
        """Return the table's columns in order, by name, as DuckDB types (``BIGINT``)."""

    def information_schema(self, project: str | None, dataset: str, view: str) -> str:
        """Return a parenthesized DuckDB query that answers ``dataset.INFORMATION_SCHEMA.view``."""


class Tables:
    """Finds and replaces the tables of one statement; remembers which it met."""

    def __init__(self, resolver: TableResolver, default_dataset: tuple[str, str] | None) -> None:
        self._resolver = resolver
        self._default_dataset = default_dataset
        self.references: list[TableRef] = []

    def replace_in(self, tree: exp.Expression) -> None:
        """Replace every table of ``tree`` by its relation, aliased by the table's own name."""
        for node in list(tree.find_all(exp.Table)):
            if not _is_common_table(node):
                node.replace(self._relation(node))

    def target(self, node: exp.Expression | None) -> tuple[TableRef, exp.Expression]:
        """Return the table that a DML statement changes, and its relation without an alias."""
        if not isinstance(node, exp.Table):
            raise NotImplementedHere("this target of a DML statement")
        reference = self._reference(_name_parts(node))
        return reference, verbatim(self._resolver.target(*reference))

    def columns(self, reference: TableRef) -> dict[str, str]:
        """Return the columns of a DML statement's target, and their DuckDB types."""
        return self._resolver.columns(*reference)

    def _relation(self, node: exp.Table) -> exp.Expression:
        parts = _name_parts(node)
        if len(parts) >= 2 and parts[-2].upper() == "INFORMATION_SCHEMA":
            relation = self._information_schema(parts)
        else:
            relation, tables = self._resolver.source(*self._reference(parts))
            self.references += [table for table in tables if table not in self.references]
        return duck("{0} AS {1}", verbatim(relation), exp.to_identifier(node.alias or parts[-1]))

    def _information_schema(self, parts: list[str]) -> str:
        *project, dataset = parts[:-2] or [""]
        if not dataset or dataset.lower().startswith("region-"):
            raise NotImplementedHere(f"{'.'.join(parts)}: name a dataset before INFORMATION_SCHEMA")
        return self._resolver.information_schema(
            ".".join(project) or None, dataset, parts[-1].upper()
        )

    def _reference(self, parts: list[str]) -> TableRef:
        if "*" in parts[-1]:
            raise NotImplementedHere(f"wildcard tables: {'.'.join(parts)}")
        if "$" in parts[-1]:
            raise invalid_query(
                f"Invalid table name: {'.'.join(parts)}: GoogleSQL has no partition decorators"
            )
        match parts:
            case [table] if self._default_dataset:
                return TableRef(*self._default_dataset, table)
            case [table]:
                raise invalid_query(
                    f'Table "{table}" must be qualified with a dataset (e.g. dataset.table).'
                )
            case [dataset, table]:
                return TableRef(None, dataset, table)
            case [project, dataset, table]:
                return TableRef(project, dataset, table)
        raise NotImplementedHere(f"table names of {len(parts)} parts: {'.'.join(parts)}")


def _name_parts(node: exp.Table) -> list[str]:
    beyond = [key for key, value in node.args.items() if value and key not in _NAMING_PARTS]
    if beyond:
        raise NotImplementedHere(f"{beyond[0]} on a table ({node.sql(dialect='bigquery')})")
    if not isinstance(node.this, exp.Identifier):
        raise NotImplementedHere(f"table function {node.sql(dialect='bigquery')}")
    # A name in backticks may hold the dots of the whole path.
    return ".".join(part.name for part in node.parts).split(".")


def _is_common_table(node: exp.Table) -> bool:
    if node.args.get("db"):
        return False
    name = node.name.lower()
    inner: exp.Expr = node
    ancestor = node.parent
    while ancestor is not None:
        if name in _names_visible_from(inner, ancestor):
            return True
        inner, ancestor = ancestor, ancestor.parent
    return False


def _names_visible_from(inner: exp.Expr, ancestor: exp.Expr) -> set[str]:
    """A common table expression sees those before it; the body of the query sees all."""
    if isinstance(ancestor, exp.With):
        before = ancestor.expressions[: ancestor.expressions.index(inner)]
        return {cte.alias.lower() for cte in before}
    clause = ancestor.args.get("with_")
    if not isinstance(clause, exp.With) or clause is inner:
        return set()
    return {cte.alias.lower() for cte in clause.expressions}
