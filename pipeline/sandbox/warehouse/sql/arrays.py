"""Arrays: literals, elements, and arrays as relations.

Belongs here: the syntax of arrays. Not here: functions of arrays (``functions.py``).
"""

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.calls import Rewrite
from pipeline.sandbox.warehouse.sql.dialect import duck
from pipeline.sandbox.warehouse.sql.errors import REFUSED


def array(node: exp.Array, rewrite: Rewrite) -> exp.Expression:
    """Return ``[a, b]`` or ``ARRAY(SELECT ...)``."""
    items = node.expressions
    if len(items) == 1 and isinstance(items[0], (exp.Select, exp.Union)):
        return duck("ARRAY({0})", rewrite(items[0].copy()))
    holes = ", ".join(f"{{{position}}}" for position in range(len(items)))
    return duck(f"[{holes}]", *(rewrite(item.copy()) for item in items))


def element(node: exp.Bracket, rewrite: Rewrite) -> exp.Expression:
    """``a[OFFSET(n)]``: an index beyond the array is an error, or NULL where it is SAFE."""
    if len(node.expressions) != 1:
        raise NotImplementedHere("array access by several indices")
    first = 1 if node.args.get("offset") == 1 else 0
    outside = "NULL" if node.args.get("safe") else "error('Array index is out of bounds')"
    template = (
        f"CASE WHEN {{1}} < {first} OR {{1}} >= len({{0}}) + {first} THEN {outside} "
        f"ELSE ({{0}})[{{1}} + {1 - first}] END"
    )
    return duck(template, rewrite(node.this), rewrite(node.expressions[0].copy()))


def relation(node: exp.Unnest, rewrite: Rewrite) -> exp.Expression:
    """A relation of the array's elements, with BigQuery's offsets from zero."""
    alias, offset = node.args.get("alias"), node.args.get("offset")
    if len(node.expressions) != 1:
        raise NotImplementedHere("UNNEST of several arrays")
    name = exp.to_identifier(alias.columns[0].name if alias and alias.columns else "f0_")
    refused = f"error('{REFUSED}UNNEST of an array of STRUCT')"
    array = duck(
        f"CASE WHEN typeof({{0}}) LIKE 'STRUCT%' THEN {refused} ELSE {{0}} END",
        rewrite(node.expressions[0].copy()),
    )
    if not isinstance(offset, exp.Expression):
        return duck("(SELECT unnest({0}) AS {1}) AS {1}", array, name)
    template = "(SELECT unnest({0}) AS {1}, generate_subscripts({0}, 1) - 1 AS {2}) AS {1}"
    return duck(template, array, name, exp.to_identifier(offset.name or "offset"))


def contains(node: exp.In, rewrite: Rewrite) -> exp.Expression:
    """Return ``x IN UNNEST(array)``, with the three-valued logic of IN."""
    word = "NOT IN" if node.args.get("negate") else "IN"
    array_ = rewrite(node.args["unnest"].expressions[0])
    return duck(f"({{0}} {word} (SELECT unnest({{1}})))", rewrite(node.this), array_)
