"""Errors in BigQuery's words: from the parser, and from DuckDB while a statement runs.

Belongs here: translating messages. Not here: deciding what is refused.
"""

import re

import duckdb
from sqlglot.errors import ParseError, SqlglotError, TokenError

from pipeline.sandbox.http import ApiError, NotImplementedHere

REFUSED = "not implemented: "
"""Prefix of ``error(...)`` texts in translated SQL whose reason is ours and not the data's."""

_REWORDED = (
    (r'Referenced column "([^"]+)" (?:was )?not found.*', r"Unrecognized name: \1"),
    (r'Column "([^"]+)" referenced that exists in the SELECT clause.*', r"Unrecognized name: \1"),
    (r'Referenced table "([^"]+)" not found.*', r"Unrecognized name: \1"),
    (r'Table "([^"]+)" does not have a column named "([^"]+)".*', r"Name \2 not found inside \1"),
    (r'Ambiguous reference to column name "([^"]+)".*', r"Column name \1 is ambiguous"),
    (r"Division by zero.*", "division by zero"),
    (r"Overflow in .* of INT64 \((.*)\)!", r"int64 overflow: \1"),
    (r"Type INT128 with value (-?\d+) can't be cast.*", r"int64 overflow: \1"),
    (
        r'column "([^"]+)" must appear in the GROUP BY clause.*',
        r"SELECT list expression references column \1 which is neither grouped nor aggregated",
    ),
    (
        r"More than one row returned by a subquery.*",
        "Scalar subquery produced more than one element",
    ),
)


def invalid_query(message: str) -> ApiError:
    """Return the 400 of a statement that is wrong."""
    return ApiError(400, "invalidQuery", message)


def syntax_error(error: SqlglotError) -> ApiError:
    """Return a parser's error as BigQuery says it: ``Syntax error: ... at [line:column]``."""
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        token = first.get("highlight") or ""
        column = max(1, (first.get("col") or 1) - len(token) + 1)
        # The parser stands on the last token where it misses one that should follow.
        if not first.get("end_context") and "Unexpected" not in str(first.get("description")):
            token, column = "", column + len(token)
        what = f'Unexpected "{token}"' if token else "Unexpected end of script"
        return invalid_query(f"Syntax error: {what} at [{first.get('line') or 1}:{column}]")
    what = "Unclosed or illegal literal" if isinstance(error, TokenError) else str(error)
    return invalid_query(f"Syntax error: {what} at [1:1]")


def query_error(error: duckdb.Error) -> ApiError:
    """Return an error of DuckDB's, raised while a translated statement ran, as BigQuery's 400.

    Refusals that need the types of columns are only seen while running; they become 501.
    """
    first_line = str(error).strip().partition("\n")[0]
    message = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", first_line)
    if message.startswith(REFUSED):
        return NotImplementedHere(message.removeprefix(REFUSED))
    for pattern, words in _REWORDED:
        if re.match(pattern, message):
            return invalid_query(re.sub(pattern, words, message))
    return invalid_query(message)
