"""How a table is named: project, dataset, table, and the partition after the ``$``.

Belongs here: names and what is a valid one. Not here: whether there is such a table
(``catalog.py``).
"""

import re
from typing import Any, Final, NamedTuple

from pipeline.sandbox.http import ApiError, Invalid, NotImplementedHere
from pipeline.sandbox.warehouse.database import RESERVED, quoted

_DATASET: Final = re.compile(r"\w{1,1024}", re.ASCII)
_TABLE: Final = re.compile(r"[\w\- ]{1,1024}")


class TableRef(NamedTuple):
    """A table: ``project:dataset.table`` in messages."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"

    @property
    def relation(self) -> str:
        """The table's quoted name in DuckDB."""
        return f"{quoted(self.dataset)}.{quoted(self.table)}"

    def resource(self) -> dict[str, str]:
        """Return the reference as the REST API spells it."""
        return {"projectId": self.project, "datasetId": self.dataset, "tableId": self.table}


def parsed(resource: dict[str, Any] | None, project: str) -> tuple[TableRef, str | None]:
    """Return the table and, of ``table$202101``, the partition id that a REST reference names.

    Raises ApiError 400 where a part is missing or is no name.
    """
    resource = resource or {}
    if not resource.get("datasetId") or not resource.get("tableId"):
        raise ApiError(400, "required", "Required parameter is missing: a table reference")
    table, partition = split(str(resource["tableId"]))
    dataset = check_dataset_id(str(resource["datasetId"]))
    return TableRef(str(resource.get("projectId") or project), dataset, table), partition


def split(table_id: str) -> tuple[str, str | None]:
    """Return the table's name and the partition id after ``$``, or None where there is none."""
    name, dollar, partition = table_id.partition("$")
    if not _TABLE.fullmatch(name):
        raise Invalid(f'Invalid table ID "{table_id}".')
    return name, partition if dollar else None


def check_dataset_id(dataset: str) -> str:
    """Return ``dataset``; raise where it is no name, or one that the sandbox needs itself."""
    if not _DATASET.fullmatch(dataset):
        raise Invalid(
            f'Invalid dataset ID "{dataset}". Dataset IDs must be alphanumeric (plus '
            "underscores) and must be at most 1024 characters long."
        )
    if dataset.casefold() in RESERVED:
        raise NotImplementedHere(f"a dataset named {dataset}: the name is its own")
    return dataset
