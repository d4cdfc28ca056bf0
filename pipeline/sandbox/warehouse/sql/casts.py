"""CAST and SAFE_CAST: where BigQuery converts otherwise than DuckDB.

Belongs here: conversions between scalar types. Not here: literals of a type.
"""

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.calls import Rewrite
from pipeline.sandbox.warehouse.sql.dialect import duck

_NAMES = {
    exp.DType.BIGINT: "BIGINT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.TEXT: "VARCHAR",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    exp.DType.TIME: "TIME",
    exp.DType.DECIMAL: "DECIMAL(38, 9)",
}
# CAST is CAST or TRY_CAST; BAD(...) is an error or NULL. typeof() folds to one branch when bound.
_TO_INT64 = """CASE typeof({0})
 WHEN 'DOUBLE' THEN CAST(round(CAST({0} AS DOUBLE)) AS BIGINT)
 WHEN 'VARCHAR' THEN CASE WHEN regexp_matches(CAST({0} AS VARCHAR), '^\\s*[+-]?[0-9]+\\s*$')
 THEN CAST({0} AS BIGINT) WHEN {0} IS NOT NULL THEN BAD('Bad int64 value: ') END
 ELSE CAST({0} AS BIGINT) END"""
_TO_BOOL = """CASE WHEN typeof({0}) = 'VARCHAR'
 AND lower(CAST({0} AS VARCHAR)) NOT IN ('true', 'false')
 THEN BAD('Bad bool value: ') ELSE CAST({0} AS BOOLEAN) END"""
_TO_STRING = """CASE WHEN typeof({0}) = 'DOUBLE' THEN
 CASE WHEN CAST(printf('%.15g', TRY_CAST({0} AS DOUBLE)) AS DOUBLE) = TRY_CAST({0} AS DOUBLE)
 THEN printf('%.15g', TRY_CAST({0} AS DOUBLE)) ELSE printf('%.17g', TRY_CAST({0} AS DOUBLE)) END
 WHEN typeof({0}) LIKE 'TIMESTAMP%' THEN regexp_replace(regexp_replace(CAST({0} AS VARCHAR),
 '(\\.(?:[0-9]{{1,2}}|[0-9]{{4,5}}))([^0-9]|$)', '\\100\\2'),
 '(\\.(?:[0-9]{{3}}|[0-9]{{6}}))0([^0-9]|$)', '\\1\\2')
 WHEN typeof({0}) LIKE 'DECIMAL%' THEN regexp_replace(CAST({0} AS VARCHAR), '\\.?0+$', '')
 WHEN typeof({0}) = 'BLOB' THEN error('not implemented: CAST of BYTES AS STRING')
 ELSE CAST({0} AS VARCHAR) END"""
_TEMPLATES = {"BIGINT": _TO_INT64, "BOOLEAN": _TO_BOOL, "VARCHAR": _TO_STRING}


def cast(node: exp.Cast, rewrite: Rewrite) -> exp.Expression:
    """Return ``CAST`` or ``SAFE_CAST``, also of the form ``DATE '2021-01-01'``."""
    if node.args.get("format"):
        raise NotImplementedHere("CAST(... FORMAT ...)")
    operand, type_ = node.this, duckdb_type(node.to)
    if isinstance(operand, exp.Array):
        return duck(f"CAST({{0}} AS {type_})", rewrite(operand.copy()))
    safe = isinstance(node, exp.TryCast)
    template = _TEMPLATES.get(type_, f"CAST({{0}} AS {type_})")
    return duck(_spelled(template, safe), rewrite(operand.copy()))


def duckdb_type(type_: exp.DataType) -> str:
    """Return how DuckDB stores a GoogleSQL type; raise 501 for those it is not asked to."""
    if type_.this is exp.DType.ARRAY and len(type_.expressions) == 1:
        return f"{duckdb_type(type_.expressions[0])}[]"
    if type_.this not in _NAMES or type_.expressions:
        raise NotImplementedHere(f"the type {type_.sql(dialect='bigquery')}")
    return _NAMES[type_.this]


def _spelled(template: str, safe: bool) -> str:
    if not safe:
        return template.replace("BAD(", "error(").replace(" value: ')", " value: ' || {0})")
    text = template.replace("TRY_CAST", "CAST").replace("CAST", "TRY_CAST")
    return text.replace("BAD('Bad int64 value: ')", "NULL").replace(
        "BAD('Bad bool value: ')", "NULL"
    )
