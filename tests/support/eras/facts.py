"""What is said of a month's columns: by the warehouse, and by the reading of the raw file.

Belongs here: the aggregates that are held against each other, in GoogleSQL and in DuckDB's SQL.
Not here: what the columns are made of (``reading.py``).
"""

from pathlib import Path
from typing import Any

import duckdb
from google.cloud import bigquery
from support.eras.reading import canonical

# Of all texts, in their own order.
CHECKSUM = "TO_HEX(MD5(STRING_AGG({0}, '|' ORDER BY {0})))"

# A sum of doubles depends on the order of its terms, one of decimals does not. A sum says nothing
# of text, and would overflow for times, which reach the year 9999.
FACTS = {
    "INT64": ("COUNT({0})", "MIN({0})", "MAX({0})", "SUM({0})"),
    "FLOAT64": ("COUNT({0})", "MIN({0})", "MAX({0})", "SUM(CAST({0} AS NUMERIC))"),
    "STRING": ("COUNT({0})", "MIN({0})", "MAX({0})", "COUNT(DISTINCT {0})", CHECKSUM),
    "DATETIME": (
        "COUNT({0})", "MIN({0})", "MAX({0})", "COUNT(DISTINCT {0})",
        "SUM(DATETIME_DIFF({0}, DATETIME '1970-01-01 00:00:00', SECOND))",
        "SUM(EXTRACT(MICROSECOND FROM {0}))",
    ),
}  # fmt: skip
IN_DUCKDB = {
    CHECKSUM: "md5(string_agg({0}, '|' ORDER BY {0}))",
    "SUM(CAST({0} AS NUMERIC))": "SUM(CAST({0} AS DECIMAL(38, 9)))",
    "SUM(DATETIME_DIFF({0}, DATETIME '1970-01-01 00:00:00', SECOND))": (
        "SUM(date_diff('second', TIMESTAMP '1970-01-01 00:00:00', {0}))"
    ),
    "SUM(EXTRACT(MICROSECOND FROM {0}))": "SUM(date_part('microseconds', {0}) % 1000000)",
}

Facts = dict[tuple[str, str], Any]
"""By column and aggregate."""


def told_by_warehouse(client: bigquery.Client, table: str, service: str) -> dict[str, Facts]:
    """The facts of every month of the table, by month."""
    asked = questions(service)
    told = ", ".join(fact.format(f"`{column}`") for column, fact in asked)
    rows = client.query_and_wait(
        f"SELECT source_month, COUNT(*), {told} FROM `{table}` GROUP BY source_month"
    )
    return {f"{row[0]:%Y-%m}": named(asked, row.values()[1:]) for row in rows}


def told_by_reading(connection: duckdb.DuckDBPyConnection, service: str, month: str) -> Facts:
    """The facts of the rows that the reading of the raw file keeps."""
    asked = questions(service)
    told = ", ".join(IN_DUCKDB.get(fact, fact).format(f'"{column}"') for column, fact in asked)
    row = connection.execute(f'SELECT COUNT(*), {told} FROM "{month}" WHERE reason IS NULL')
    (values,) = row.fetchall()
    return named(asked, values)


def differences(told: Facts, expected: Facts) -> dict[tuple[str, str], tuple[Any, Any]]:
    """What is not the same, as told and as expected."""
    return {k: (told[k], expected[k]) for k in expected if told[k] != expected[k]}


def columns_that_differ(
    connection: duckdb.DuckDBPyConnection, service: str, month: str, ours: Path, double: str = "{}"
) -> dict[str, int]:
    """How many rows of the canonical file differ from the reading, by column.

    Row by row: the values of a row stay together, and the rows in the file's order. ``double`` is
    what is done to the doubles of the reading first.
    """
    sides = {
        name: (f'ours."{name}"', (double if kind == "FLOAT64" else "{}").format(f'raw."{name}"'))
        for name, kind in canonical(service).items()
    }
    told = (f"count(*) FILTER ({one} IS DISTINCT FROM {other})" for one, other in sides.values())
    kept = f'SELECT * FROM "{month}" WHERE reason IS NULL ORDER BY source_row'
    sql = f"SELECT {', '.join(told)} FROM ({kept}) AS raw POSITIONAL JOIN '{ours}' AS ours"
    return counted([*sides], connection.execute(sql))


def texts_that_differ(
    connection: duckdb.DuckDBPyConnection, path: Path, quarantine: Path
) -> dict[str, int]:
    """How many quarantined texts, made values again, are not the raw file's, by column."""
    columns = connection.execute(f"DESCRIBE FROM '{path}'").fetchall()
    told = ", ".join(
        f'count(*) FILTER (TRY_CAST(q."{name}" AS {kind}) IS DISTINCT FROM r."{name}")'
        for name, kind, *_ in columns
    )
    raw = f"SELECT *, file_row_number AS number FROM read_parquet('{path}', file_row_number = true)"
    sql = f"SELECT {told} FROM '{quarantine}' AS q JOIN ({raw}) AS r ON source_row = number"
    return counted([name for name, *_ in columns], connection.execute(sql))


def counted(names: list[str], result: duckdb.DuckDBPyConnection) -> dict[str, int]:
    (counts,) = result.fetchall()
    return {name: count for name, count in zip(names, counts, strict=True) if count}


def questions(service: str) -> list[tuple[str, str]]:
    return [(name, fact) for name, kind in canonical(service).items() for fact in FACTS[kind]]


def named(asked: list[tuple[str, str]], values: tuple[Any, ...]) -> Facts:
    return dict(zip([("", "COUNT(*)"), *asked], values, strict=True))
