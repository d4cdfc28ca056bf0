"""The names a SELECT gives its columns, and which name an alias wins.

Belongs here: ``f0_``, GROUP BY and ORDER BY of aliases. Not here: expressions.
"""

from collections import Counter
from itertools import count

from sqlglot import exp

from pipeline.sandbox.warehouse.sql.errors import invalid_query


def named(select: exp.Expression) -> exp.Expression:
    """Name every column of ``select`` as BigQuery does, in place, and return it."""
    numbers = count()
    for column in list(select.expressions):
        if isinstance(column, exp.Alias) or column.is_star:
            continue
        name = column.name if isinstance(column, exp.Column) else f"f{next(numbers)}_"
        column.replace(exp.Alias(this=column.copy(), alias=exp.to_identifier(name)))
    if not _renamed_outside(select):
        _refuse_twins(select)
    _prefer_aliases(select)
    return select


def _renamed_outside(select: exp.Expression) -> bool:
    """The rows of an INSERT are named by their columns, not by the query they come from."""
    alias = select.parent.args.get("alias") if isinstance(select.parent, exp.Subquery) else None
    return bool(alias is not None and alias.columns)


def _refuse_twins(select: exp.Expression) -> None:
    names = Counter(column.alias.lower() for column in select.expressions if column.alias)
    twins = [name for name, times in names.items() if times > 1]
    if twins:
        raise invalid_query(
            "Duplicate column names in the result are not supported. "
            f"Found duplicate(s): {', '.join(twins)}"
        )


def _prefer_aliases(select: exp.Expression) -> None:
    """In GROUP BY, and inside expressions of ORDER BY, an alias wins over a column of its name."""
    aliases = {c.alias.lower(): c.this for c in select.expressions if isinstance(c, exp.Alias)}
    group, order = select.args.get("group"), select.args.get("order")
    columns = list(group.find_all(exp.Column)) if group else []
    for key in order.expressions if order else []:
        # A bare name is already the alias in DuckDB.
        columns += [] if isinstance(key.this, exp.Column) else list(key.find_all(exp.Column))
    for column in columns:
        meant = aliases.get(column.name.lower())
        if meant is not None and not column.table and not column.is_star:
            column.replace(meant.copy())
