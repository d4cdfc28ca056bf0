"""The dataset and its tables: made on first use, extended when older, refused when different.

Belongs here: making what ``definitions.py`` defines, and comparing it with what is there. Not here:
the views' SQL (``views.py``), rows.

The views are made before the first row is loaded, and a load stops where they cannot be: who may
make the tables may make the views, so what fails is said before any work is done.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pipeline.bigquery.definitions import (
    LABELS,
    LEDGER,
    dataset_path,
    ledger_table,
    table_name,
    trips_table,
    zones_table,
)
from pipeline.bigquery.views import is_as_declared, make_view, outdated_views, views
from pipeline.connections.google import bigquery_client, bigquery_limits
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.core.months import SERVICES
from pipeline.schemas import service_schema
from pipeline.schemas.service import ADDED

if TYPE_CHECKING:
    from google.cloud.bigquery import Dataset, SchemaField, Table
    from google.cloud.bigquery.table import TableListItem

LEGACY_NAMES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
ATTEMPTS: Final = 10

ELSEWHERE: Final = "use another [bigquery] dataset, or move that table away"
WITHOUT_THEM: Final = (
    "load the month without the columns that no schema knows (--normalize-unknown-columns warn), "
    "or declare them in pipeline/schemas"
)


def ensure_tables(service: str, added_columns: str | None = None, *, anew: bool = False) -> None:
    """Make the dataset, its tables and its views where they are missing or of an older version.

    ``service`` is the one that is to be loaded, or ``zones``: its table and the ledger are looked
    at closely, the others where a view is to be made of them. A table that we made gets the
    NULLABLE columns that it lacks, and the service's also those that a month has added. With
    ``anew`` every table is looked at closely, and the views are made again, whatever their labels
    tell. Safe to call again, and from two processes at once.

    Raises:
        Terminal: one of them exists with another location, schema or partitioning, or a view's
            name is taken.
    """
    _ensure_dataset()
    held = _held()
    outdated = outdated_views(held, anew=anew)
    for name, table in _tables(service, added_columns).items():
        if outdated or name not in held or name in (table_name(service), LEDGER):
            _ensure_table(table, name in held)
    for view in outdated:
        make_view(view)


def held_names() -> frozenset[str]:
    """Return the names of the dataset's tables and views; none where there is no dataset."""
    from google.api_core.exceptions import NotFound

    try:
        return frozenset(_held())
    except NotFound:
        return frozenset()


def deviations() -> Iterator[tuple[str, str, str]]:
    """Yield each table and view that is not as declared: its name, what is seen and expected.

    Changes nothing. One request for each that is there.
    """
    held = held_names()
    for name, wanted in _tables("", None).items():
        if name not in held:
            yield name, "no such table", "one as declared"
        elif difference := _difference(wanted):
            yield name, difference, "the table as declared"
    for view in views():
        if view.name not in held or not is_as_declared(view):
            seen = "another view than was declared" if view.name in held else "no such view"
            yield view.name, seen, "the view as declared"


def _difference(wanted: "Table") -> str | None:
    found = bigquery_client().get_table(wanted.reference, **bigquery_limits())
    if (partitioning := _partitioning(found)) != _partitioning(wanted):
        return f"partitioning {partitioning}"
    seen, expected = _columns(found), _columns(wanted)
    other = [name for name in expected if seen.get(name) != expected[name]]
    return f"no such columns as declared: {', '.join(other)}" if other else None


def check_location() -> None:
    """Raise Terminal where the dataset is in another location; NotFound where there is none."""
    found = bigquery_client().get_dataset(dataset_path(), **bigquery_limits()).location
    wanted = settings.bigquery().location
    if found.upper() != wanted.upper():
        raise Terminal(
            f"dataset {dataset_path()} is in another location",
            seen=found,
            expected=f"[bigquery] location = {wanted}",
            next_step="set [bigquery] location to the dataset's, or use another dataset",
        )


def _held() -> dict[str, "TableListItem"]:
    listed = bigquery_client().list_tables(dataset_path(), **bigquery_limits())
    return {item.table_id: item for item in listed}


def _tables(loaded: str, added_columns: str | None) -> dict[str, "Table"]:
    added = {loaded: added_columns}
    schemas = [service_schema(name).extended(added.get(name)) for name in SERVICES]
    tables = [*map(trips_table, schemas), zones_table(), ledger_table()]
    return {table.table_id: table for table in tables}


def _ensure_dataset() -> None:
    from google.api_core.exceptions import NotFound

    try:
        check_location()
    except NotFound:
        bigquery_client().create_dataset(_dataset(), exists_ok=True, **bigquery_limits())
        check_location()


def _dataset() -> "Dataset":
    from google.cloud.bigquery import Dataset

    dataset = Dataset(dataset_path())
    dataset.location = settings.bigquery().location
    dataset.description = "NYC TLC trip records."
    dataset.labels = LABELS
    return dataset


def _ensure_table(wanted: "Table", is_held: bool) -> None:
    from google.api_core.exceptions import PreconditionFailed

    client, limits = bigquery_client(), bigquery_limits()
    for _ in range(ATTEMPTS):
        if is_held:
            found = client.get_table(wanted.reference, **limits)
        else:
            found = client.create_table(wanted, exists_ok=True, **limits)
        try:
            return _extend(found, wanted)
        except PreconditionFailed:
            continue  # Another run changed the table meanwhile, most likely as we would.
    raise Transient(f"table {wanted.reference} changes again and again",
                    next_step="run the same command again")  # fmt: skip


def _extend(found: "Table", wanted: "Table") -> None:
    """Add the columns that the table lacks; raise Terminal where it differs otherwise."""
    _refuse_difference("partitioning", wanted, _partitioning(found), _partitioning(wanted))
    missing = _missing(found, wanted)
    found.schema = [*found.schema, *missing]
    _refuse_other_columns(found, wanted)
    if missing:
        bigquery_client().update_table(found, ["schema"], **bigquery_limits())


def _missing(found: "Table", wanted: "Table") -> list["SchemaField"]:
    """Return the columns to add: only to a table of ours, and only what may be null."""
    if not LABELS.items() <= found.labels.items():
        return []
    held = _columns(found)
    return [field for field in wanted.schema
            if field.mode == "NULLABLE" and field.name.lower() not in held]  # fmt: skip


def _refuse_other_columns(found: "Table", wanted: "Table") -> None:
    # Columns that the table has beyond ours are another program's, or another month's.
    seen, expected = _columns(found), _columns(wanted)
    differing = sorted(name for name in expected if seen.get(name) != expected[name])
    added = {field.name.lower() for field in wanted.schema if field.description == ADDED}
    _refuse_difference(
        "columns",
        wanted,
        {name: seen.get(name, "missing") for name in differing},
        {name: expected[name] for name in differing},
        WITHOUT_THEM if added.issuperset(differing) else ELSEWHERE,
    )


def _columns(table: "Table") -> dict[str, str]:
    """Return ``INT64`` or ``DATE REQUIRED`` by column, whatever the case of its name."""
    kinds = {field.name.lower(): (LEGACY_NAMES.get(field.field_type, field.field_type), field.mode)
             for field in table.schema}  # fmt: skip
    return {name: kind if mode == "NULLABLE" else f"{kind} {mode}"
            for name, (kind, mode) in kinds.items()}  # fmt: skip


def _partitioning(table: "Table") -> str:
    partitioning = table.time_partitioning
    return f"{partitioning.type_} on {partitioning.field}" if partitioning else "none"


def _refuse_difference(
    what: str, table: "Table", seen: Any, expected: Any, next_step: str = ELSEWHERE
) -> None:
    if seen != expected:
        raise Terminal(
            f"table {table.reference} exists with other {what}",
            seen=seen,
            expected=expected,
            next_step=next_step,
        )
