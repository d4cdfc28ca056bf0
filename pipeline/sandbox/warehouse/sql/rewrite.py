"""From GoogleSQL's syntax tree to DuckDB's: an allow-list of nodes, and a translation for some.

Belongs here: expressions and clauses. Not here: what each function means (the function tables),
which table is meant (``tables.py``).
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql import (
    aggregates,
    arrays,
    casts,
    coercion,
    datetimes,
    formats,
    functions,
)
from pipeline.sandbox.warehouse.sql.calls import Call
from pipeline.sandbox.warehouse.sql.dialect import KNOWN_FUNCTIONS, Duck, duck, string
from pipeline.sandbox.warehouse.sql.errors import REFUSED, invalid_query
from pipeline.sandbox.warehouse.sql.selects import named

_PLAIN: tuple[type[exp.Expression], ...] = (
    exp.Add, exp.Alias, exp.And, exp.Between, exp.Boolean, exp.CTE, exp.Case, exp.Column,
    exp.Cube, exp.DPipe, exp.Delete, exp.Distinct, exp.EQ, exp.Except, exp.Exists, exp.From,
    exp.GT, exp.GTE, exp.Group, exp.Having, exp.Identifier, exp.In, exp.Insert, exp.Intersect,
    exp.Is, exp.Join, exp.LT, exp.LTE, exp.Merge, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Or, exp.Order, exp.Ordered, exp.Paren, exp.PropertyEQ,
    exp.Qualify, exp.Rollup, exp.Schema, exp.Select, exp.Star, exp.Subquery, exp.Table,
    exp.TableAlias, exp.TruncateTable, exp.Tuple, exp.Union, exp.Update, exp.Values, exp.Var,
    exp.When, exp.Whens, exp.Where, exp.With,
)  # fmt: skip
_LITERAL_CLAUSES = (exp.Limit, exp.Offset, exp.WindowSpec)
_BUILDERS = {**functions.BUILDERS, **datetimes.BUILDERS, **formats.BUILDERS}


def rewrite(node: exp.Expression) -> exp.Expression:
    """Return ``node`` as DuckDB means it; raise 501 for what is not known to mean the same."""
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        return handler(node)
    if not isinstance(node, (*_PLAIN, Duck)):
        raise NotImplementedHere(f"{_spoken(node)}: {node.sql(dialect='bigquery')[:80]}")
    return _children(node)


def _children(node: exp.Expression) -> exp.Expression:
    for child in list(node.iter_expressions()):
        translated = rewrite(child)
        if translated is not child:
            child.replace(translated)
    return node


def _spoken(node: exp.Expression) -> str:
    return type(node).__name__


def _select(node: exp.Expression) -> exp.Expression:
    beyond = [key for key in ("kind", "hint", "into", "laterals", "sample") if node.args.get(key)]
    if beyond:
        raise NotImplementedHere(f"SELECT with {beyond[0]}")
    return _children(named(node))


def _set_operation(node: exp.Expression) -> exp.Expression:
    if node.args.get("by_name") or node.args.get("side") or node.args.get("on"):
        raise NotImplementedHere("set operations by name")
    return _children(node)


def _join(node: exp.Expression) -> exp.Expression:
    if node.args.get("method") or node.args.get("kind") in ("SEMI", "ANTI"):
        raise NotImplementedHere(f"{node.args.get('method') or node.args['kind']} JOIN")
    return _children(node)


def _with(node: exp.Expression) -> exp.Expression:
    if node.args.get("recursive"):
        raise NotImplementedHere("WITH RECURSIVE")
    return _children(node)


def _literal(node: exp.Expression) -> exp.Expression:
    if node.args["is_string"] or _is_position(node):
        return node
    if not node.name.isdigit():
        return duck(f"CAST({node.name} AS DOUBLE)")
    return _int64(node)


def _int64(node: exp.Expression) -> exp.Expression:
    if int(node.name) >= 2**63:
        raise invalid_query(f"Invalid integer literal: {node.name}")
    # DATE + 1 needs a small integer; beside any other operand the wider type wins.
    if isinstance(node.parent, (exp.Add, exp.Sub)) and _beside_other_kind(node):
        return node
    return duck(f"CAST({node.name} AS BIGINT)")


def _beside_other_kind(node: exp.Expression) -> bool:
    parent = node.parent
    other = parent.args["expression" if parent.this is node else "this"]  # type: ignore[union-attr]
    return not isinstance(other, exp.Literal) and int(node.name) < 2**31


def _is_position(node: exp.Expression) -> bool:
    """GROUP BY 1 and ORDER BY 1 are positions in the select list."""
    parent = node.parent
    if isinstance(parent, exp.Ordered):
        return not isinstance(getattr(parent.parent, "parent", None), exp.Window)
    return isinstance(parent, exp.Group)


def _neg(node: exp.Expression) -> exp.Expression:
    operand = node.this
    if isinstance(operand, exp.Literal) and operand.name.isdigit():
        return duck(f"CAST(-{operand.name} AS BIGINT)")
    return _children(node)


def _sub(node: exp.Expression) -> exp.Expression:
    """DATE - DATE is an INTERVAL in BigQuery and a number in DuckDB."""
    right = node.expression
    _children(node)
    if isinstance(right, (exp.Literal, exp.Interval)):
        return node
    message = f"error('{REFUSED}subtraction of dates; use DATE_DIFF')"
    template = f"({{0}} - CASE WHEN typeof({{1}}) = 'DATE' THEN {message} ELSE {{1}} END)"
    if isinstance(right, (exp.Column, exp.Anonymous, exp.Cast, exp.Paren)):
        return duck(template, node.this, node.expression)
    return node


def _div(node: exp.Expression) -> exp.Expression:
    return functions.quotient(rewrite(node.this), rewrite(node.expression))


def _like(node: exp.Expression) -> exp.Expression:
    if isinstance(node.expression, (exp.Any, exp.All)):
        raise NotImplementedHere("LIKE ANY and LIKE ALL")
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    template = f"({{0}} {word} {{1}} ESCAPE '\\')"
    return duck(template, rewrite(node.this), rewrite(node.expression))


def _in(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.In) and node.args.get("unnest"):
        return arrays.contains(node, rewrite)
    _children(node)
    items = [coercion.comparable(node.this, item) for item in node.expressions]
    node.set("expressions", [right.copy() for _, right in items])
    lefts = [left.copy() for left, _ in items if left is not node.this]
    if lefts:
        node.set("this", lefts[0])
    return node


def _comparison(node: exp.Expression) -> exp.Expression:
    _children(node)
    left, right = coercion.comparable(node.this, node.expression)
    return type(node)(this=left.copy(), expression=right.copy())


def _if(node: exp.Expression) -> exp.Expression:
    if isinstance(node.parent, exp.Case):
        return _children(node)
    otherwise = node.args.get("false") or exp.null()
    operands = [rewrite(part) for part in (node.this, node.args["true"], otherwise)]
    return duck("CASE WHEN {0} THEN {1} ELSE {2} END", *operands)


def _call(node: exp.Expression, over: aggregates.Over | None = None) -> exp.Expression:
    name = node.name.upper()
    call = Call(name, tuple(node.expressions), rewrite)
    if name in aggregates.NAMES:
        return aggregates.aggregate(call, over)
    if over is not None:
        raise NotImplementedHere(f"{name} with OVER")
    if name in functions.TEMPLATES:
        return functions.from_template(call)
    if name in _BUILDERS:
        return _BUILDERS[name](call)
    if name in KNOWN_FUNCTIONS:
        raise NotImplementedHere(f"the function {name}")
    raise invalid_query(f"Function not found: {node.name} at {_position(node)}")


def _position(node: exp.Expression) -> str:
    line, end = node.meta.get("line", 1), node.meta.get("col", 1)
    return f"[{line}:{max(1, end - len(node.name) + 1)}]"


def _window(node: exp.Expression) -> exp.Expression:
    if isinstance(node.this, exp.Identifier):
        return _children(node)
    call, nulls = node.this, None
    if isinstance(call, (exp.IgnoreNulls, exp.RespectNulls)):
        nulls, call = type(call), call.this
        call.expressions[0].replace(nulls(this=call.expressions[0].copy()))
    if not isinstance(call, exp.Anonymous):
        raise NotImplementedHere(f"OVER after {_spoken(call)}")
    clause = node.copy()
    clause.set("this", exp.null())
    clause = _children(clause)

    def over(function: exp.Expression) -> exp.Expression:
        window = clause.copy()
        window.set("this", function)
        return window

    return _call(call, over)


def _update(node: exp.Expression) -> exp.Expression:
    """SET a = b looks like a comparison, and is none."""
    for assignment in node.expressions:
        assignment.set("expression", rewrite(assignment.expression))
    assignments = [duck("{0} = {1}", a.this, a.expression) for a in node.expressions]
    node.set("expressions", assignments)
    return _children(node)


def _raw_string(node: exp.Expression) -> exp.Expression:
    return string(node.name)


def _now(name: str) -> Callable[[exp.Expression], exp.Expression]:
    return lambda node: _BUILDERS[name](Call(name, (), rewrite))


_HANDLERS: dict[type[Any], Callable[[Any], exp.Expression]] = {
    exp.Select: _select,
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _set_operation),
    exp.With: _with,
    exp.Join: _join,
    exp.Literal: _literal,
    exp.Neg: _neg,
    exp.Sub: _sub,
    exp.Div: _div,
    exp.Like: _like,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), _comparison),
    coercion.Assigned: lambda node: coercion.assigned(node, rewrite),
    exp.Update: _update,
    exp.In: _in,
    exp.If: _if,
    exp.Anonymous: _call,
    exp.Window: _window,
    exp.Array: lambda node: arrays.array(node, rewrite),
    exp.Bracket: lambda node: arrays.element(node, rewrite),
    exp.Unnest: lambda node: arrays.relation(node, rewrite),
    exp.RawString: _raw_string,
    exp.Cast: lambda node: casts.cast(node, rewrite),
    exp.TryCast: lambda node: casts.cast(node, rewrite),
    exp.Extract: lambda node: datetimes.extract(node, rewrite),
    exp.Interval: lambda node: datetimes.interval(node, rewrite),
    exp.CurrentDate: _now("CURRENT_DATE"),
    exp.CurrentDatetime: _now("CURRENT_DATETIME"),
    exp.CurrentTimestamp: _now("CURRENT_TIMESTAMP"),
    **{clause: lambda node: node for clause in _LITERAL_CLAUSES},
}
