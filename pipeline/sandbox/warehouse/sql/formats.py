"""FORMAT_DATE, PARSE_DATE and their like: format elements from BigQuery's to DuckDB's.

Belongs here: format strings. Not here: any other function of dates.
"""

import re
from collections.abc import Callable

from sqlglot import exp

from pipeline.sandbox.warehouse.sql.calls import Call
from pipeline.sandbox.warehouse.sql.dialect import duck, string

_STORED = {"DATE": "DATE", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ"}
_ALIKE = "YmdHMSyjbBaApI%"
_PRINTED_ONLY = "UWVGuw"
_REWRITTEN = {
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "h": "%b",
    "E4Y": "%Y",
}
_CLOCK = set("HMSpITR")


def _translated(call: Call, text: str, allowed: str) -> str:
    def element(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in _REWRITTEN:
            return _REWRITTEN[name]
        if not name or name not in allowed:
            call.refuse(f"with the format element %{name}")
        return f"%{name}"

    return re.sub(r"%(E4Y|E[*\d]?S|.|$)", element, text, flags=re.DOTALL)


def _names(text: str) -> set[str]:
    return set(re.findall(r"%(E4Y|.)", text))


def _format(call: Call) -> exp.Expression:
    call.takes(2)
    text, type_ = call.text(0), call.name.removeprefix("FORMAT_")
    if type_ == "DATE" and _names(text) & _CLOCK:
        call.refuse("with the elements of a time of day")
    translated = string(_translated(call, text, _ALIKE + _PRINTED_ONLY))
    return duck(f"strftime(CAST({{0}} AS {_STORED[type_]}), {{1}})", call.arg(1), translated)


def _parse(call: Call) -> exp.Expression:
    """DuckDB fills what a format leaves out from 1900, BigQuery from 1970: a year must be there."""
    call.takes(2)
    text, type_ = call.text(0), call.name.removeprefix("PARSE_")
    if not _names(text) & {"Y", "F", "E4Y", "y", "D"}:
        call.refuse(f"with the format {text!r}, which has no year")
    if type_ == "DATE" and _names(text) & _CLOCK:
        call.refuse("with the elements of a time of day")
    translated = string(_translated(call, text, _ALIKE))
    parsed = duck("strptime({0}, {1})", call.arg(1), translated)
    if type_ == "TIMESTAMP":
        return duck("({0} AT TIME ZONE 'UTC')", parsed)
    return duck(f"CAST({{0}} AS {_STORED[type_]})", parsed)


BUILDERS: dict[str, Callable[[Call], exp.Expression]] = {
    **{f"FORMAT_{type_}": _format for type_ in _STORED},
    **{f"PARSE_{type_}": _parse for type_ in _STORED},
}
