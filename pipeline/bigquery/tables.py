"""The dataset and its tables: made on first use, extended when older, refused when different.

Belongs here: making what ``definitions.py`` defines, and comparing it with what is there. Not here:
rows.
"""

from typing import TYPE_CHECKING, Any, Final

from pipeline.bigquery.definitions import (
    LABELS,
    ZONES,
    dataset_path,
    ledger_table,
    trips_table,
    zones_table,
)
from pipeline.connections.google import bigquery_client, bigquery_limits
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.schemas import service_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import Dataset, SchemaField, Table

LEGACY_NAMES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
ATTEMPTS: Final = 10


def ensure_tables(service: str, added_columns: str | None = None) -> None:
    """Make the dataset, the service's table and the ledger where they are missing.

    ``service`` may be ``zones``. A table of an older version gets the columns it lacks, and so does
    the service's those that a month has added. Safe to call again, and from two processes at once.

    Raises:
        Terminal: one of them exists with another location, schema or partitioning.
    """
    _ensure_dataset()
    _ensure_table(_service_table(service, added_columns))
    _ensure_table(ledger_table())


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


def _service_table(service: str, added_columns: str | None = None) -> "Table":
    if service == ZONES:
        return zones_table()
    return trips_table(service_schema(service).extended(added_columns))


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


def _ensure_table(wanted: "Table") -> None:
    from google.api_core.exceptions import NotFound, PreconditionFailed

    for _ in range(ATTEMPTS):
        try:
            found = bigquery_client().get_table(wanted.reference, **bigquery_limits())
        except NotFound:
            found = bigquery_client().create_table(wanted, exists_ok=True, **bigquery_limits())
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
    _refuse_other_columns(found, wanted, {field.name for field in missing})
    if missing:
        found.schema = [*found.schema, *missing]
        bigquery_client().update_table(found, ["schema"], **bigquery_limits())


def _missing(found: "Table", wanted: "Table") -> list["SchemaField"]:
    """Return the columns to add: only to a table of ours, and only what may be null."""
    if not LABELS.items() <= found.labels.items():
        return []
    held = _columns(found)
    return [field for field in wanted.schema
            if field.mode == "NULLABLE" and field.name.lower() not in held]  # fmt: skip


def _refuse_other_columns(found: "Table", wanted: "Table", added: set[str]) -> None:
    # Columns that the table has beyond ours are another program's, or another month's.
    seen, expected = _columns(found), _columns(wanted)
    added = {name.lower() for name in added}
    differing = [name for name in expected.keys() - added if seen.get(name) != expected[name]]
    _refuse_difference(
        "columns",
        wanted,
        {name: seen.get(name, "missing") for name in sorted(differing)},
        {name: expected[name] for name in sorted(differing)},
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


def _refuse_difference(what: str, table: "Table", seen: Any, expected: Any) -> None:
    if seen != expected:
        raise Terminal(
            f"table {table.reference} exists with other {what}",
            seen=seen,
            expected=expected,
            next_step="use another [bigquery] dataset, or move that table away",
        )
