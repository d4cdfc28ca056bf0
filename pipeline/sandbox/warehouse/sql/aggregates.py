"""Aggregate and window functions, and the modifiers written inside their parentheses.

Belongs here: DISTINCT, IGNORE NULLS, ORDER BY and LIMIT inside a call, OVER. Not here: scalars.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from pipeline.sandbox.warehouse.sql.calls import Call, not_numeric
from pipeline.sandbox.warehouse.sql.dialect import duck, string
from pipeline.sandbox.warehouse.sql.errors import invalid_query

Over = Callable[[exp.Expression], exp.Expression]

# {0} is the argument with its modifiers.
_PLAIN = {
    "AVG": "avg({0})",
    "COUNT": "count({0})",
    "MIN": "min({0})",
    "MAX": "max({0})",
    "ANY_VALUE": "any_value({0})",
    "LOGICAL_AND": "bool_and({0})",
    "LOGICAL_OR": "bool_or({0})",
    "STDDEV": "stddev_samp({0})",
    "STDDEV_SAMP": "stddev_samp({0})",
    "STDDEV_POP": "stddev_pop({0})",
    "VARIANCE": "var_samp({0})",
    "VAR_SAMP": "var_samp({0})",
    "VAR_POP": "var_pop({0})",
}
_FLOATING = {"AVG", "STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP"}
_WINDOW = {
    "ROW_NUMBER": (0,),
    "RANK": (0,),
    "DENSE_RANK": (0,),
    "PERCENT_RANK": (0,),
    "CUME_DIST": (0,),
    "NTILE": (1,),
    "LEAD": (1, 2, 3),
    "LAG": (1, 2, 3),
    "FIRST_VALUE": (1,),
    "LAST_VALUE": (1,),
    "NTH_VALUE": (2,),
}
_SPECIAL = {
    "COUNTIF",
    "SUM",
    "APPROX_COUNT_DISTINCT",
    "ARRAY_AGG",
    "STRING_AGG",
    "PERCENTILE_CONT",
}
NAMES = frozenset(_PLAIN) | frozenset(_WINDOW) | _SPECIAL


@dataclass
class _Arguments:
    """A call's arguments with what was written around the first taken apart."""

    values: list[exp.Expression]
    distinct: bool = False
    nulls: str = ""
    order: exp.Order | None = None
    limit: int | None = None
    extra: list[exp.Expression] = field(default_factory=list)


def aggregate(call: Call, over: Over | None) -> exp.Expression:
    """Return the translation of an aggregate or window function; ``over`` adds its OVER clause."""
    arguments = _taken_apart(call)
    if call.name in _WINDOW and over is None:
        raise invalid_query(
            f"Analytic function {call.name} cannot be called without an OVER clause"
        )
    within = over or (lambda node: node)
    if call.name in _WINDOW:
        return within(_window_function(call, arguments))
    if arguments.nulls and call.name != "ARRAY_AGG":
        call.refuse(f"with {arguments.nulls}")
    if arguments.limit is not None and (call.name != "ARRAY_AGG" or over):
        call.refuse("with LIMIT")
    if call.name in _PLAIN:
        _single(call, arguments)
        if call.name in _FLOATING:
            arguments.values[0] = not_numeric(arguments.values[0], call.name)
        return within(duck(_PLAIN[call.name], _inside(arguments)))
    return _special(call, arguments, within, over is not None)


def _special(call: Call, arguments: _Arguments, within: Over, windowed: bool) -> exp.Expression:
    if call.name not in ("STRING_AGG", "PERCENTILE_CONT") or len(arguments.values) > 2:
        _single(call, arguments)
    match call.name:
        case "COUNTIF":
            return within(duck("count(CASE WHEN {0} THEN 1 END)", _first(call, arguments)))
        case "APPROX_COUNT_DISTINCT":
            # Exact is an approximation, too; DuckDB's own is coarser than BigQuery's.
            return within(duck("count(DISTINCT {0})", _first(call, arguments)))
        case "SUM":
            return _sum(arguments, within, windowed)
        case "ARRAY_AGG":
            return _array_agg(arguments, within)
        case "STRING_AGG":
            return _string_agg(call, arguments, within)
        case _:
            return _percentile(call, arguments, within, windowed)


def _sum(arguments: _Arguments, within: Over, windowed: bool) -> exp.Expression:
    """SUM of INT64 is INT64; DuckDB's is wider, and is cast back, which sees overflows."""
    total = within(duck("sum({0})", _inside(arguments)))
    template = "cast_to_type({0}, {1})" if windowed else "cast_to_type({0}, any_value({1}))"
    return duck(template, total, arguments.values[0])


def _array_agg(arguments: _Arguments, within: Over) -> exp.Expression:
    template = "array_agg({0})"
    if arguments.nulls == "IGNORE NULLS":
        template += " FILTER (WHERE {1} IS NOT NULL)"
    array = within(duck(template, _inside(arguments), arguments.values[0]))
    return array if arguments.limit is None else duck(f"({{0}})[1:{arguments.limit}]", array)


def _string_agg(call: Call, arguments: _Arguments, within: Over) -> exp.Expression:
    delimiter = arguments.values[1] if len(arguments.values) == 2 else string(",")
    distinct = "DISTINCT " if arguments.distinct else ""
    order = " {2}" if arguments.order else ""
    operands = [arguments.values[0], delimiter] + ([arguments.order] if arguments.order else [])
    return within(duck(f"string_agg({distinct}{{0}}, {{1}}{order})", *operands))


def _percentile(call: Call, arguments: _Arguments, within: Over, windowed: bool) -> exp.Expression:
    call.takes(2)
    if not windowed:
        raise invalid_query("PERCENTILE_CONT needs an OVER clause")
    number = not_numeric(arguments.values[0], call.name)
    return within(duck("quantile_cont(CAST({0} AS DOUBLE), {1})", number, arguments.values[1]))


def _window_function(call: Call, arguments: _Arguments) -> exp.Expression:
    call.takes(*_WINDOW[call.name])
    if arguments.distinct or arguments.order or arguments.limit is not None:
        call.refuse("with DISTINCT, ORDER BY or LIMIT inside its parentheses")
    holes = ", ".join(f"{{{position}}}" for position in range(len(arguments.values)))
    nulls = f" {arguments.nulls}" if arguments.nulls else ""
    return duck(f"{call.name.lower()}({holes}{nulls})", *arguments.values)


def _single(call: Call, arguments: _Arguments) -> None:
    if len(arguments.values) != 1:
        raise invalid_query(f"Number of arguments does not match for function {call.name}")


def _first(call: Call, arguments: _Arguments) -> exp.Expression:
    if arguments.distinct or arguments.order:
        call.refuse("with DISTINCT or ORDER BY")
    return arguments.values[0]


def _inside(arguments: _Arguments) -> exp.Expression:
    distinct = "DISTINCT " if arguments.distinct else ""
    if arguments.order is None:
        return duck(f"{distinct}{{0}}", arguments.values[0])
    return duck(f"{distinct}{{0}} {{1}}", arguments.values[0], arguments.order)


def _taken_apart(call: Call) -> _Arguments:
    """The modifiers hang on the last argument: LIMIT(ORDER(NULLS(DISTINCT x)))."""
    arguments = _Arguments([])
    for node in call.args:
        value = node.copy()
        while not isinstance(value, exp.Expression) or isinstance(
            value, (exp.Limit, exp.Order, exp.IgnoreNulls, exp.RespectNulls, exp.Distinct)
        ):
            value = _peel(call, value, arguments)
        if isinstance(value, (exp.HavingMax, exp.Where)):
            call.refuse("with HAVING or WHERE inside its parentheses")
        arguments.values.append(value if isinstance(value, exp.Star) else call.rewrite(value))
    return arguments


def _peel(call: Call, node: exp.Expression, arguments: _Arguments) -> exp.Expression:
    match node:
        case exp.Distinct():
            # STRING_AGG(DISTINCT x, ','): the parser hangs all arguments below DISTINCT.
            arguments.distinct = True
            arguments.values += [call.rewrite(first) for first in node.expressions[:-1]]
            return node.expressions[-1]  # type: ignore[no-any-return]
        case exp.IgnoreNulls():
            arguments.nulls = "IGNORE NULLS"
        case exp.RespectNulls():
            arguments.nulls = "RESPECT NULLS"
        case exp.Limit():
            if not isinstance(node.expression, exp.Literal):
                call.refuse("with a LIMIT that is not a literal")
            arguments.limit = int(node.expression.name)
        case exp.Order():
            keys = [call.rewrite(key) for key in node.expressions]
            arguments.order = exp.Order(expressions=keys)
    return node.this  # type: ignore[no-any-return]
