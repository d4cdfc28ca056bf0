"""Which kind of JSON value stands where in a request's body.

Belongs here: kinds only, of what the sandbox reads. Not here: which values are valid, and what is
outside the slice; that is for those who read them.
"""

import re
from typing import Any, Final

from pipeline.sandbox.http import ApiError, Invalid

Shape = dict[str, Any]

TEXT: Final = "a string"
NUMBER: Final = "a whole number"
FLAG: Final = "true or false"
ANY_KEY: Final = "*"

LABELS: Final = {ANY_KEY: TEXT}
DATASET: Final = dict.fromkeys(("projectId", "datasetId"), TEXT)
TABLE: Final = {**DATASET, "tableId": TEXT}
DEFINITION: Final = {
    "schema": {"fields": [dict.fromkeys(("name", "type", "mode", "description"), TEXT)]},
    "timePartitioning": {"type": TEXT, "field": TEXT, "expirationMs": NUMBER},
    "clustering": {"fields": [TEXT]},
    "description": TEXT,
    "friendlyName": TEXT,
    "labels": LABELS,
}
WRITING: Final = {
    "destinationTable": TABLE,
    "writeDisposition": TEXT,
    "createDisposition": TEXT,
    "schemaUpdateOptions": [TEXT],
}
PARAMETER_TYPE: Final = {"type": TEXT, "arrayType": {"type": TEXT}}
PARAMETER_VALUE: Final[Shape] = {"arrayValues": [{}]}
QUERY: Final = {
    **DEFINITION,
    **WRITING,
    "query": TEXT,
    "defaultDataset": DATASET,
    "parameterMode": TEXT,
    "queryParameters": [
        {"name": TEXT, "parameterType": PARAMETER_TYPE, "parameterValue": PARAMETER_VALUE}
    ],
    "useLegacySql": FLAG,
}
JOB: Final = {
    "jobReference": {"projectId": TEXT, "jobId": TEXT, "location": TEXT},
    "configuration": {
        "load": {
            **DEFINITION,
            **WRITING,
            "sourceUris": [TEXT],
            "sourceFormat": TEXT,
            "destinationTableProperties": {"description": TEXT, "labels": LABELS},
        },
        "copy": {**WRITING, "sourceTable": TABLE, "sourceTables": [TABLE], "operationType": TEXT},
        "query": QUERY,
        "extract": {},
        "labels": LABELS,
        "dryRun": FLAG,
    },
}
BODY: Final = {
    **JOB,
    **QUERY,
    "datasetReference": DATASET,
    "tableReference": TABLE,
    "view": {"query": TEXT, "useLegacySql": FLAG},
    "location": TEXT,
    "formatOptions": {},
    "labels": LABELS,
    "dryRun": FLAG,
    **dict.fromkeys(("maxResults", "timeoutMs"), NUMBER),
}
"""Any request's body: where two kinds of request say the same name, they mean the same kind."""


def check(value: Any, shape: Any = BODY, place: str = "") -> None:
    """Raise 400 where ``value`` is not of ``shape``; null and unknown names are of any."""
    if value is None:
        return
    if isinstance(shape, dict):
        _check_object(value, shape, place)
    elif isinstance(shape, list):
        _check_list(value, shape[0], place)
    elif not _is_scalar(value, shape):
        raise _wrong(value, shape, place)


def _check_object(value: Any, shape: Shape, place: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", place)
    for name, part in value.items():
        known = shape.get(name, shape.get(ANY_KEY))
        if known is not None:
            check(part, known, f"{place}.{name}" if place else name)


def _check_list(value: Any, shape: Any, place: str) -> None:
    if not isinstance(value, list):
        raise _wrong(value, "a list", place)
    for number, part in enumerate(value):
        if part is None:
            raise _wrong(part, "a value", f"{place}[{number}]")
        check(part, shape, f"{place}[{number}]")


def _is_scalar(value: Any, kind: str) -> bool:
    if kind == NUMBER:
        return re.fullmatch(r"-?[0-9]{1,18}", str(value)) is not None
    return isinstance(value, {TEXT: str, FLAG: bool}[kind])


def _wrong(value: Any, expected: str, place: str) -> ApiError:
    return Invalid(f"Invalid value at {place!r}: {value!r:.100} is not {expected}")
