"""The views over the services' tables: ``trips``, and ``trips_with_zones``.

Belongs here: their SQL, and keeping them as declared. Not here: what a unified column is made of
(``schemas/unified.py``), the tables below (``tables.py``).

A view carries the digest of its definition as a label, so one listing of the dataset tells whether
it is up to date.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pipeline.bigquery.definitions import LABELS, ZONES, table_name, table_path
from pipeline.connections.google import bigquery_client, bigquery_limits
from pipeline.core.errors import Terminal
from pipeline.core.months import SERVICES
from pipeline.schemas.service import Column
from pipeline.schemas.unified import SERVICE_COLUMN, unified_columns, unified_sources
from pipeline.schemas.zones import ZONE_NUMBER, zone_names

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField, Table
    from google.cloud.bigquery.table import TableListItem

TRIPS: Final = "trips"
TRIPS_WITH_ZONES: Final = "trips_with_zones"
ENDS: Final = {"pickup": "where the trip began", "dropoff": "where the trip ended"}


@dataclass(frozen=True)
class View:
    """A view's name, description, columns in order and standard SQL."""

    name: str
    description: str
    columns: tuple[Column, ...]
    sql: str

    @cached_property
    def labels(self) -> dict[str, str]:
        """Whose the view is, and the digest of all that is declared of it."""
        told = [(column.name, column.kind, column.description) for column in self.columns]
        digest = hashlib.sha256(repr((self.description, told, self.sql)).encode()).hexdigest()
        return {**LABELS, "definition": digest[:16]}


def views() -> tuple[View, View]:
    """Return every view, each after those it is made of."""
    zones = tuple(_zone_columns())
    return (
        View(TRIPS, "The trips of all services, in the columns that they have in common.",
             unified_columns(), trips_sql()),
        View(TRIPS_WITH_ZONES, f"{TRIPS}, with the names of the zones at both ends.",
             unified_columns() + zones, trips_with_zones_sql()),
    )  # fmt: skip


def outdated_views(held: Mapping[str, "TableListItem"], *, anew: bool = False) -> list[View]:
    """Return the views to make or to bring up to date, as the dataset's tables by name tell.

    With ``anew`` these are all: a label does not tell what was changed by hand.

    Raises:
        Terminal: a table, or somebody else's view, has a view's name.
    """
    for view in views():
        if view.name in held:
            _refuse_foreign(view, held[view.name])
    return [v for v in views() if anew or v.name not in held or held[v.name].labels != v.labels]


def is_as_declared(view: View) -> bool:
    """Return whether the view that is there has the declared SQL and the declaration's label."""
    found = bigquery_client().get_table(table_path(view.name), **bigquery_limits())
    return bool(found.view_query == view.sql and found.labels == view.labels)


def make_view(view: View) -> None:
    """Make the view, or bring it up to date; the tables it reads must be there.

    Safe to call again, and from two processes at once: both make the same.
    """
    client, limits = bigquery_client(), bigquery_limits()
    wanted = _table(view)
    found = client.create_table(wanted, exists_ok=True, **limits)
    if found.view_query != view.sql:
        client.update_table(wanted, ["view_query"], **limits)
    # BigQuery takes descriptions of columns only for a query that is there. The digest comes with
    # them, so that a view without them is never taken for complete.
    wanted.schema, wanted.labels = _fields(view.columns), view.labels
    client.update_table(wanted, ["description", "schema", "labels"], **limits)


def trips_sql() -> str:
    """Return the SQL of ``trips``: every service's table in the unified columns."""
    return "\nUNION ALL\n".join(map(_service_sql, SERVICES))


def trips_with_zones_sql() -> str:
    """Return the SQL of ``trips_with_zones``: ``trips``, each end beside its row of the lookup."""
    trips = [f"trips.{column.name}" for column in unified_columns()]
    names = [column.name for column in zone_names()]
    zones = [f"{end}.{name} AS {end}_{name.lower()}" for end in ENDS for name in names]
    joins = [
        f"LEFT JOIN `{table_path(table_name(ZONES))}` AS {end}\n"
        f"  ON {end}.{ZONE_NUMBER} = trips.{end}_location_id"
        for end in ENDS
    ]
    return "\n".join([_select(trips + zones), f"FROM `{table_path(TRIPS)}` AS trips", *joins])


def _service_sql(service: str) -> str:
    sources = {SERVICE_COLUMN: f"'{service}'"} | {
        column.name: _expression(column, unified_sources(service).get(column.name, ()))
        for column in unified_columns()
        if column.name != SERVICE_COLUMN
    }
    columns = [f"{expression} AS {name}" for name, expression in sources.items()]
    return f"{_select(columns)}\nFROM `{table_path(table_name(service))}`"


def _expression(column: Column, sources: tuple[Column, ...]) -> str:
    if not sources:
        return f"CAST(NULL AS {column.bigquery_type})"
    first, *others = sources
    if column.kind == "string" and first.codes:
        return _in_words(first)
    return " + ".join([first.name, *(f"IFNULL({other.name}, 0)" for other in others)])


def _in_words(coded: Column) -> str:
    meanings = " ".join(f"WHEN '{code}' THEN '{words}'" for code, words in coded.codes.items())
    return f"CASE {coded.name} {meanings} ELSE {coded.name} END"


def _select(columns: Iterable[str]) -> str:
    return "SELECT\n  " + ",\n  ".join(columns)


def _zone_columns() -> Iterable[Column]:
    for end, where in ENDS.items():
        for column in zone_names():
            told = f"Of the zone {where}: {column.description}"
            yield Column(f"{end}_{column.name.lower()}", column.kind, told)


def _fields(columns: Iterable[Column]) -> list["SchemaField"]:
    from google.cloud.bigquery import SchemaField

    return [SchemaField(column.name, column.bigquery_type, description=column.description)
            for column in columns]  # fmt: skip


def _table(view: View) -> "Table":
    from google.cloud.bigquery import Table

    table = Table(table_path(view.name))
    table.view_query, table.view_use_legacy_sql = view.sql, False
    table.description, table.labels = view.description, LABELS
    return table


def _refuse_foreign(view: View, found: "TableListItem") -> None:
    if found.table_type != "VIEW" or not LABELS.items() <= found.labels.items():
        raise Terminal(
            f"{table_path(view.name)} is no view of this pipeline's",
            seen=f"{found.table_type} with labels {found.labels}",
            expected=f"a view with labels {LABELS}, or nothing of that name",
            next_step="use another [bigquery] dataset, or move it away",
        )
