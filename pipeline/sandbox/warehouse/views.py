"""Making and changing views, in DuckDB and in the catalog at once.

Belongs here: what a request may say of a view, and the schema that its query gives it. Not here:
what a query reads through a view (``resolver.py``).

The view in DuckDB is for those who open the file; the sandbox itself expands the query anew, as
the real service does, so that a changed table is seen through a view at once.
"""

from typing import Final

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.catalog import Catalog, Cursor, Resource, Table
from pipeline.sandbox.warehouse.references import TableRef
from pipeline.sandbox.warehouse.resolver import Resolver
from pipeline.sandbox.warehouse.schema import (
    Field,
    by_name,
    check_evolution,
    mismatch,
    normalized,
)
from pipeline.sandbox.warehouse.tables import ANSWERED, new_resource

GIVEN: Final = {"view", "schema", "description", "friendlyName", "labels"}
"""What a request may say of a view, beside its reference."""


def created(catalog: Catalog, cursor: Cursor, ref: TableRef, given: Resource) -> Table:
    """Make the view that ``given`` describes; its query must be one that can be run now.

    Raises:
        ApiError: 400 bad query or a schema, 404 no such dataset, or no such table in the query.
        NotImplementedHere: ``given`` asks for something that the sandbox does not hold.
    """
    dataset = catalog.dataset(cursor, ref.project, ref.dataset)
    if given.get("schema"):
        raise Invalid("Schema field shouldn't be used as input with a view")
    new = new_resource(ref, dataset["location"], "VIEW") | {"view": _definition(given["view"])}
    return catalog.save_table(cursor, ref, _derived(catalog, cursor, ref, _kept(given) | new))


def changed(catalog: Catalog, cursor: Cursor, old: Table, body: Resource, named: set[str]) -> Table:
    """Change what ``named`` says of the view to what ``body`` says of it.

    A query gives the schema anew, without descriptions; a schema may only bring descriptions.

    Raises:
        ApiError: 400 bad query, another schema than the query's; 404 no such table in the query.
        NotImplementedHere: ``body`` asks for something that the sandbox does not hold.
    """
    fields, known = normalized(body.get("schema")), old.resource["view"]
    kept = {key: value for key, value in old.resource.items() if key not in GIVEN & named}
    resource = kept | _kept(body) | {key: old.resource[key] for key in ("schema", "view")}
    if "view" in named:
        new = _definition(known | (body.get("view") or {"query": None}))
        if fields and new != known:
            raise NotImplementedHere("a new query and a new schema of a view in one request")
        resource = _derived(catalog, cursor, old.ref, resource | {"view": new})
    if fields:
        described = _described(str(old.ref), resource["schema"]["fields"], fields)
        resource = resource | {"schema": {"fields": described}}
    return catalog.save_table(cursor, old.ref, resource)


def _kept(given: Resource) -> Resource:
    unknown = {key for key, value in given.items() if value and key not in GIVEN | ANSWERED}
    if unknown:
        raise NotImplementedHere(f"views with {', '.join(sorted(unknown))}")
    return {key: given[key] for key in GIVEN - {"view", "schema"} if given.get(key)}


def _definition(view: Resource) -> Resource:
    if not view.get("query"):
        raise ApiError(400, "required", "Required parameter is missing: view.query")
    if view.get("useLegacySql", True):
        raise NotImplementedHere("legacy SQL in views (view.useLegacySql, true by default)")
    unknown = {key for key, value in view.items() if value} - {"query"}
    if unknown:
        raise NotImplementedHere(f"views with {', '.join(sorted(unknown))}")
    return {"query": view["query"], "useLegacySql": False}


def _derived(catalog: Catalog, cursor: Cursor, ref: TableRef, resource: Resource) -> Resource:
    """Make or replace the view in DuckDB; return ``resource`` with the schema of its query."""
    resolver = Resolver(catalog, cursor, ref.project, resource["location"])
    statement, fields = resolver.view(ref, resource["view"]["query"])
    cursor.execute(f"CREATE OR REPLACE VIEW {ref.relation} AS {statement.sql}")
    return resource | {"schema": {"fields": normalized({"fields": fields})}}


def _described(view: str, fields: list[Field], given: list[Field]) -> list[Field]:
    check_evolution(view, fields, given)
    added = by_name(given).keys() - by_name(fields).keys()
    if added:
        raise mismatch(view, f"Cannot add fields (field: {sorted(added)[0]})")
    plain = [{key: field[key] for key in ("name", "type", "mode")} for field in fields]
    return [by_name(given)[field["name"].casefold()] | field for field in plain]
