"""The two dialects: GoogleSQL with every function left as written, DuckDB with templates.

Belongs here: the reader, the writer and ``duck``, which every translation is built from.
Not here: what any function means (``functions.py``, ``datetimes.py``, ``aggregates.py``).
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType

KNOWN_FUNCTIONS = frozenset(BigQueryParser.FUNCTIONS) | frozenset(BigQueryParser.FUNCTION_PARSERS)
"""Names that some SQL dialect has: not translated here is 501, not in here is a typing error."""


class GoogleSQL(BigQuery):
    """BigQuery's grammar without sqlglot's opinion on functions: each stays a call by name.

    What a function means in DuckDB is then decided in one place, ours, and none slips through.
    """

    class Parser(BigQueryParser):
        """The grammar; calls with a syntax of their own keep their parser."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {
            name: BigQueryParser.FUNCTION_PARSERS[name]
            for name in ("ARRAY", "CAST", "EXTRACT", "SAFE_CAST")
        }
        # Positional parameters remember where they stand: the tree has clauses in another order.
        PLACEHOLDER_PARSERS: ClassVar[Any] = {
            **BigQueryParser.PLACEHOLDER_PARSERS,
            TokenType.PLACEHOLDER: lambda self: exp.Placeholder().update_positions(self._prev),
        }


class Duck(exp.Expression):
    """DuckDB text with holes: ``this`` is the template, ``expressions`` fill ``{0}``, ``{1}``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}


class DuckWriter(DuckDB):
    """DuckDB's writer, which also knows templates."""

    class Generator(DuckDBGenerator):
        """The writer."""

        TRANSFORMS: ClassVar[Any] = {
            **DuckDBGenerator.TRANSFORMS,
            Duck: lambda self, node: node.this.format(*map(self.sql, node.expressions)),
        }


def duck(template: str, *operands: exp.Expression) -> Duck:
    """Return DuckDB text whose ``{0}``, ``{1}``, ... are ``operands``, each as often as named."""
    return Duck(this=template, expressions=[operand.copy() for operand in operands])


def verbatim(text: str) -> exp.Expression:
    """Return ``text`` as it stands: relations that the resolver quoted, never input."""
    return exp.Var(this=text)


def string(text: str) -> exp.Expression:
    """Return the string literal ``text``, quoted by the writer."""
    return exp.Literal.string(text)


def write(node: exp.Expression) -> str:
    """Return the DuckDB text of a translated statement, with every identifier quoted."""
    return node.sql(
        dialect=DuckWriter, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE
    )
