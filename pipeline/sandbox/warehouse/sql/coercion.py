"""Types that BigQuery refuses to mix and DuckDB would silently convert.

Belongs here: checks that DuckDB folds away when it binds, since ``typeof`` is a constant there.
Not here: explicit conversions (``casts.py``).
"""

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.calls import Rewrite
from pipeline.sandbox.warehouse.sql.dialect import duck
from pipeline.sandbox.warehouse.sql.errors import invalid_query

_INTEGERS = ("BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT")
_NUMBERS = (*_INTEGERS, "DOUBLE", "DECIMAL")
_MOMENTS = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME")
_TEXTS = ("VARCHAR", "STRING_LITERAL")
_ACCEPTED = {
    "BIGINT": _INTEGERS,
    "DOUBLE": _NUMBERS,
    "DECIMAL(38, 9)": (*_INTEGERS, "DECIMAL"),
    "TIMESTAMP": ("TIMESTAMP", "DATE"),
    "TIMESTAMPTZ": ("TIMESTAMP WITH TIME ZONE",),
    "VARCHAR": _TEXTS,
}
"""What a column of a DuckDB type takes beside its own; BigQuery coerces no further."""

_KIND = "split_part(typeof({%d}), '(', 1)"
_UNMIXED = "error('No matching signature for operator for argument types: ' || {types})"


class Assigned(exp.Expression):
    """A value on its way into a column: ``this``, the ``column``'s name and DuckDB type ``to``."""

    arg_types = {"this": True, "column": True, "to": True}


def _listed(types: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{type_}'" for type_ in types) + ")"


def _family(position: int) -> str:
    kind = _KIND % position
    return (
        f"CASE WHEN {kind} IN {_listed(_NUMBERS)} THEN 'number'"
        f" WHEN {kind} IN {_listed(_MOMENTS)} THEN 'moment'"
        f" WHEN {kind} IN {_listed(_TEXTS)} THEN 'text' ELSE {kind} END"
    )


def is_text(node: exp.Expression) -> bool:
    """Return whether ``node`` is a string literal, which takes the type of its surroundings."""
    return isinstance(node, exp.Literal) and bool(node.is_string)


def comparable(left: exp.Expression, right: exp.Expression) -> tuple[exp.Expression, ...]:
    """Return both translated operands, checked to be of types that BigQuery compares."""
    if isinstance(left, exp.Subquery) or isinstance(right, exp.Subquery):
        return left, right
    if is_text(left) and is_text(right):
        return left, right
    if is_text(left):
        return left, _not_a_number(right)
    if is_text(right):
        return _not_a_number(left), right
    null = "'\"NULL\"'"
    types = "typeof({0}) || ', ' || typeof({1})"
    checked = (
        f"CASE WHEN {_family(0)} <> {_family(1)} AND typeof({{0}}) <> {null}"
        f" AND typeof({{1}}) <> {null} THEN {_UNMIXED.format(types=types)} ELSE {{1}} END"
    )
    return left, duck(checked, left, right)


def _not_a_number(operand: exp.Expression) -> exp.Expression:
    kinds = _listed((*_NUMBERS, "BOOLEAN"))
    error = _UNMIXED.format(types="typeof({0}) || ', STRING'")
    return duck(f"CASE WHEN {_KIND % 0} IN {kinds} THEN {error} ELSE {{0}} END", operand)


def assigned(node: Assigned, rewrite: Rewrite) -> exp.Expression:
    """Return the value, checked to be of a type that its column takes."""
    column, type_ = node.args["column"].name, node.args["to"].name
    text = is_text(node.this)
    value = rewrite(node.this)
    if text and type_ not in ("BIGINT", "DOUBLE", "BOOLEAN", "DECIMAL(38, 9)", "BLOB"):
        return duck(f"CAST({{0}} AS {type_})", value)
    takes = _listed((*_ACCEPTED.get(type_, (type_,)), '"NULL"'))
    error = (
        "error('Value of type ' || typeof({0}) || ' cannot be assigned to ' || {1}"
        f" || ', which has type {type_}')"
    )
    checked = f"CASE WHEN {_KIND % 0} NOT IN {takes} THEN {error} ELSE {{0}} END"
    return duck(checked, value, exp.Literal.string(column))


def check_assignments(tree: exp.Expression, columns: dict[str, str]) -> None:
    """Mark, in place, every value that INSERT, UPDATE or MERGE puts into a column."""
    types = {name.lower(): type_ for name, type_ in columns.items()}
    for node in [tree, *(when.args["then"] for when in tree.find_all(exp.When))]:
        if isinstance(node, exp.Update):
            for assignment in node.expressions:
                _mark(assignment.expression, assignment.this.name, types)
        if isinstance(node, exp.Insert) and node.expression:
            _check_insert(node, list(columns), types)


def _check_insert(node: exp.Insert, names: list[str], types: dict[str, str]) -> None:
    if isinstance(node.parent, exp.When) and not isinstance(node.this, exp.Tuple):
        raise NotImplementedHere("INSERT in MERGE without a list of columns")
    if isinstance(node.this, (exp.Schema, exp.Tuple)):
        names = [column.name for column in node.this.expressions]
    source = node.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            _check_row(row, names, types)
    elif isinstance(source, exp.Tuple):
        _check_row(source, names, types)
    elif isinstance(source, exp.Query):
        node.set("expression", _checked_query(source, names, types))


def _check_row(row: exp.Expression, names: list[str], types: dict[str, str]) -> None:
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    if len(values) != len(names):
        raise invalid_query(
            f"Inserted row has wrong column count; Has {len(values)}, expected {len(names)}"
        )
    for value, name in zip(list(values), names, strict=True):
        _mark(value, name, types)


def _checked_query(source: exp.Query, names: list[str], types: dict[str, str]) -> exp.Select:
    inner = [exp.to_identifier(f"value_{position}") for position in range(len(names))]
    alias = exp.TableAlias(this=exp.to_identifier("source_"), columns=inner)
    values = []
    for column, name in zip(inner, names, strict=True):
        values.append(exp.Alias(this=exp.Column(this=column.copy()), alias=exp.to_identifier(name)))
        _mark(values[-1].this, name, types)
    subquery = exp.Subquery(this=source.copy(), alias=alias)
    return exp.Select(expressions=values, from_=exp.From(this=subquery))


def _mark(value: exp.Expression, name: str, types: dict[str, str]) -> None:
    if name.lower() not in types:
        raise invalid_query(f"Column {name} is not present in the table")
    to = exp.Literal.string(types[name.lower()])
    marked = Assigned(this=value.copy(), column=exp.Literal.string(name), to=to)
    value.replace(marked)
