"""One function call while it is translated.

Belongs here: what every function table needs of a call. Not here: any function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.dialect import duck
from pipeline.sandbox.warehouse.sql.errors import REFUSED, invalid_query

Rewrite = Callable[[exp.Expression], exp.Expression]


@dataclass(frozen=True)
class Call:
    """A call by name with GoogleSQL arguments; ``arg`` translates one of them."""

    name: str
    args: tuple[exp.Expression, ...]
    rewrite: Rewrite

    def arg(self, position: int) -> exp.Expression:
        """Return argument ``position``, translated."""
        return self.rewrite(self.args[position].copy())

    def all(self) -> list[exp.Expression]:
        """Return every argument, translated."""
        return [self.arg(position) for position in range(len(self.args))]

    def text(self, position: int) -> str:
        """Return the string literal at ``position``; refuse what is only known while running."""
        node = self.args[position]
        if not (isinstance(node, exp.Literal) and node.is_string) and not is_raw(node):
            raise NotImplementedHere(f"{self.name} with an argument that is not a literal")
        return str(node.name)

    def takes(self, *counts: int) -> None:
        """Raise 400 unless the number of arguments is one of ``counts``."""
        if len(self.args) not in counts:
            raise invalid_query(
                f"Number of arguments does not match for function {self.name}: "
                f"{len(self.args)} given"
            )

    def refuse(self, what: str) -> NoReturn:
        """Raise 501 for a form of this function."""
        raise NotImplementedHere(f"{self.name} {what}")


def is_raw(node: exp.Expression) -> bool:
    """Return whether ``node`` is a literal of the form ``r'...'``."""
    return isinstance(node, exp.RawString)


def not_numeric(operand: exp.Expression, where: str) -> exp.Expression:
    """Return ``operand``, refused while running where it is a NUMERIC.

    DuckDB answers DOUBLE where BigQuery answers NUMERIC.
    """
    if isinstance(operand, exp.Literal):
        return operand
    return duck(
        "CASE WHEN typeof({0}) LIKE 'DECIMAL%' THEN error('"
        + REFUSED
        + where
        + " of NUMERIC') ELSE {0} END",
        operand,
    )
