"""Scalar functions but for dates and times: GoogleSQL's name to DuckDB text.

Belongs here: the table of functions. A function that is not in a table is never guessed.
Not here: aggregate and window functions (``aggregates.py``), dates (``datetimes.py``).
"""

import re
from collections.abc import Callable

from sqlglot import exp

from pipeline.sandbox.warehouse.sql.calls import Call, not_numeric
from pipeline.sandbox.warehouse.sql.dialect import duck
from pipeline.sandbox.warehouse.sql.errors import invalid_query

SPACE = r"[\s\x0b\x85\pZ]"
_START = "CASE WHEN {1} = 0 OR {1} < -length({0}) THEN 1 ELSE {1} END"
_COUNT = (
    "CASE WHEN {2} < 0 THEN error('Third argument in SUBSTR() cannot be negative') ELSE {2} END"
)
_POSITIVE = "CASE WHEN {0} <= 0 THEN error('Floating point error in function: {{}}') ELSE {0} END"
_LENGTH = (
    "CASE WHEN {1} < 0 THEN error('{{}}: length cannot be negative') ELSE CAST({1} AS INTEGER) END"
)


def _positive(name: str) -> str:
    return _POSITIVE.replace("{{}}", f"{name} of a number that is not positive")


def _length(name: str) -> str:
    return _LENGTH.replace("{{}}", name)


TEMPLATES: dict[str, dict[int, str]] = {
    # Conditions.
    "IFNULL": {2: "coalesce({0}, {1})"},
    "NULLIF": {2: "nullif({0}, {1})"},
    "IF": {3: "CASE WHEN {0} THEN {1} ELSE {2} END"},
    # Numbers.
    "ABS": {1: "abs({0})"},
    "SIGN": {1: "cast_to_type(sign({0}), {0})"},
    "MOD": {2: "(CASE WHEN {1} = 0 THEN error('division by zero: MOD') ELSE {0} % {1} END)"},
    "DIV": {2: "(CASE WHEN {1} = 0 THEN error('division by zero: DIV') ELSE {0} // {1} END)"},
    "SQRT": {
        1: "sqrt(CASE WHEN {0} < 0 THEN error('Argument to SQRT cannot be negative') ELSE {0} END)"
    },
    "EXP": {1: "exp({0})"},
    "LN": {1: f"ln({_positive('LN')})"},
    "LOG": {1: f"ln({_positive('LOG')})"},
    "LOG10": {1: f"log10({_positive('LOG10')})"},
    "POW": {2: "pow({0}, {1})"},
    "POWER": {2: "pow({0}, {1})"},
    "IS_NAN": {1: "isnan({0})"},
    "IS_INF": {1: "isinf({0})"},
    "SAFE_ADD": {2: "TRY({0} + {1})"},
    "SAFE_SUBTRACT": {2: "TRY({0} - {1})"},
    "SAFE_MULTIPLY": {2: "TRY({0} * {1})"},
    "SAFE_NEGATE": {1: "TRY(-({0}))"},
    # Strings.
    "LOWER": {1: "lower({0})"},
    "UPPER": {1: "upper({0})"},
    "LENGTH": {1: "length({0})"},
    "CHAR_LENGTH": {1: "length({0})"},
    "CHARACTER_LENGTH": {1: "length({0})"},
    "BYTE_LENGTH": {1: "strlen({0})"},
    "REVERSE": {1: "reverse({0})"},
    "REPLACE": {3: "replace({0}, {1}, {2})"},
    "REPEAT": {2: f"repeat({{0}}, {_length('REPEAT')})"},
    "LEFT": {2: f"left({{0}}, {_length('LEFT')})"},
    "RIGHT": {2: f"right({{0}}, {_length('RIGHT')})"},
    "LPAD": {
        2: f"lpad({{0}}, {_length('LPAD')}, ' ')",
        3: f"lpad({{0}}, {_length('LPAD')}, {{2}})",
    },
    "RPAD": {
        2: f"rpad({{0}}, {_length('RPAD')}, ' ')",
        3: f"rpad({{0}}, {_length('RPAD')}, {{2}})",
    },
    "TRIM": {1: f"regexp_replace({{0}}, '^{SPACE}+|{SPACE}+$', '', 'g')", 2: "trim({0}, {1})"},
    "LTRIM": {1: f"regexp_replace({{0}}, '^{SPACE}+', '')", 2: "ltrim({0}, {1})"},
    "RTRIM": {1: f"regexp_replace({{0}}, '{SPACE}+$', '')", 2: "rtrim({0}, {1})"},
    "STARTS_WITH": {2: "starts_with({0}, {1})"},
    "ENDS_WITH": {2: "ends_with({0}, {1})"},
    "STRPOS": {2: "strpos({0}, {1})"},
    "SUBSTR": {2: f"substring({{0}}, {_START})", 3: f"substring({{0}}, {_START}, {_COUNT})"},
    "SUBSTRING": {2: f"substring({{0}}, {_START})", 3: f"substring({{0}}, {_START}, {_COUNT})"},
    "SPLIT": {1: "string_split({0}, ',')", 2: "string_split({0}, {1})"},
    "REGEXP_CONTAINS": {2: "regexp_matches({0}, {1})"},
    "REGEXP_REPLACE": {3: "regexp_replace({0}, {1}, {2}, 'g')"},
    # Bytes.
    "SHA256": {1: "unhex(sha256({0}))"},
    "SHA1": {1: "unhex(sha1({0}))"},
    "MD5": {1: "unhex(md5({0}))"},
    "TO_HEX": {1: "lower(hex({0}))"},
    "FROM_HEX": {1: "unhex({0})"},
    "TO_BASE64": {1: "to_base64({0})"},
    # Arrays.
    "ARRAY_LENGTH": {1: "len({0})"},
    "ARRAY_REVERSE": {1: "list_reverse({0})"},
    "ARRAY_TO_STRING": {2: "array_to_string({0}, {1})"},
    "GENERATE_ARRAY": {2: "generate_series({0}, {1})", 3: "generate_series({0}, {1}, {2})"},
}


def quotient(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Return ``left / right``: FLOAT64; for a zero an error, where DuckDB answers infinity."""
    return duck(
        "(CASE WHEN {1} = 0 THEN error('division by zero') ELSE CAST({0} AS DOUBLE) / {1} END)",
        not_numeric(left, "division"),
        not_numeric(right, "division"),
    )


def _safe_divide(call: Call) -> exp.Expression:
    call.takes(2)
    operands = [not_numeric(operand, "SAFE_DIVIDE") for operand in call.all()]
    return duck("(CASE WHEN {1} = 0 THEN NULL ELSE CAST({0} AS DOUBLE) / {1} END)", *operands)


def _float_rounding(name: str) -> Callable[[Call], exp.Expression]:
    """ROUND, CEIL, FLOOR answer FLOAT64 for INT64; halves go away from zero, as DuckDB's DOUBLE."""

    def build(call: Call) -> exp.Expression:
        call.takes(*((1, 2) if name in ("round", "trunc") else (1,)))
        number, *digits = call.all()
        if not digits:
            return duck(f"{name}(CAST({{0}} AS DOUBLE))", not_numeric(number, call.name))
        template = f"{name}(CAST({{0}} AS DOUBLE), CAST({{1}} AS INTEGER))"
        return duck(template, not_numeric(number, call.name), digits[0])

    return build


def _joined(call: Call) -> exp.Expression:
    if not call.args:
        call.takes(1)
    return duck("(" + " || ".join(f"{{{i}}}" for i in range(len(call.args))) + ")", *call.all())


def _variadic(name: str, null_wins: bool = False) -> Callable[[Call], exp.Expression]:
    def build(call: Call) -> exp.Expression:
        if not call.args:
            call.takes(1)
        holes = [f"{{{position}}}" for position in range(len(call.args))]
        template = f"{name}({', '.join(holes)})"
        if null_wins:
            missing = " OR ".join(f"{hole} IS NULL" for hole in holes)
            template = f"CASE WHEN {missing} THEN NULL ELSE {template} END"
        return duck(template, *call.all())

    return build


def _groups(call: Call) -> int:
    pattern = call.text(1)
    try:
        groups = re.compile(pattern.replace(r"\pZ", " ")).groups
    except re.error:
        call.refuse(f"with the regular expression {pattern!r}")
    if groups > 1:
        raise invalid_query(f"Regular expression has more than one capturing group: {pattern!r}")
    return groups


def _regexp_extract(call: Call) -> exp.Expression:
    call.takes(2)
    extracted = f"regexp_extract({{0}}, {{1}}, {_groups(call)})"
    return duck(f"CASE WHEN regexp_matches({{0}}, {{1}}) THEN {extracted} END", *call.all())


def _regexp_extract_all(call: Call) -> exp.Expression:
    call.takes(2)
    return duck(f"regexp_extract_all({{0}}, {{1}}, {_groups(call)})", *call.all())


def _struct(call: Call) -> exp.Expression:
    call.refuse("constructors")


BUILDERS: dict[str, Callable[[Call], exp.Expression]] = {
    "COALESCE": _variadic("coalesce"),
    "GREATEST": _variadic("greatest", null_wins=True),
    "LEAST": _variadic("least", null_wins=True),
    "CONCAT": _joined,
    "ARRAY_CONCAT": _joined,
    "SAFE_DIVIDE": _safe_divide,
    "IEEE_DIVIDE": lambda call: call.refuse("(infinities)"),
    "ROUND": _float_rounding("round"),
    "TRUNC": _float_rounding("trunc"),
    "CEIL": _float_rounding("ceil"),
    "CEILING": _float_rounding("ceil"),
    "FLOOR": _float_rounding("floor"),
    "REGEXP_EXTRACT": _regexp_extract,
    "REGEXP_SUBSTR": _regexp_extract,
    "REGEXP_EXTRACT_ALL": _regexp_extract_all,
    "STRUCT": _struct,
}


def from_template(call: Call) -> exp.Expression:
    """Return the call's translation by its template; raise 400 for a wrong number of arguments."""
    templates = TEMPLATES[call.name]
    call.takes(*templates)
    return duck(templates[len(call.args)], *call.all())
