"""Sums and non-null counts of every column against the month's own parquet: rows changed in place.

Belongs here: the same question in the words of DuckDB, BigQuery and Postgres, and comparing the
answers. Not here: asking a service (its own module), and counting rows.

Sums of integers are exact, and so are those of times, in seconds. Of floats they agree to a
billionth, whatever the order in which they were added: a smaller change is not seen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pipeline.core.settings import data_dir
from pipeline.lake.bucket import LakeObject
from pipeline.lake.generations import fetch
from pipeline.schemas import service_schema
from pipeline.schemas.service import Column
from pipeline.survey.months import MonthState
from pipeline.verify import bigquery, postgres
from pipeline.verify.finding import Finding, redo

RELATIVE: Final = 1e-9

Values = Mapping[str, Any]
"""By name: the non-null values of a column as ``a3``, their sum as ``b3``, of column number 3."""


@dataclass(frozen=True)
class Dialect:
    """How a service quotes a name and says the sum of a column of a kind."""

    quote: str
    sums: Mapping[str, str]

    def columns(self, columns: Sequence[Column], *, is_lower: bool = False) -> str:
        """Return what to select of the columns."""
        told = []
        for place, column in enumerate(columns):
            name = f"{self.quote}{column.name.lower() if is_lower else column.name}{self.quote}"
            told.append(f"COUNT({name}) AS a{place}")
            if column.kind in self.sums:
                told.append(f"{self.sums[column.kind].format(name)} AS b{place}")
        return ", ".join(told)


DUCKDB: Final = Dialect('"', {
    "int64": "SUM({})", "float64": "SUM({})",
    "datetime": "SUM(date_diff('second', TIMESTAMP '2000-01-01', {}))",
})  # fmt: skip
BIGQUERY: Final = Dialect("`", {
    "int64": "SUM({})", "float64": "SUM({})",
    "datetime": "SUM(DATETIME_DIFF({}, DATETIME '2000-01-01 00:00:00', SECOND))",
})  # fmt: skip
POSTGRES: Final = Dialect('"', {
    "int64": "sum({})", "float64": "sum({})",
    "datetime": "sum(floor(extract(epoch FROM {} - TIMESTAMP '2000-01-01')))",
})  # fmt: skip


def disagreements(state: MonthState, source: LakeObject | None) -> Iterator[Finding]:
    """Yield what BigQuery and Postgres hold otherwise than the lake's object or the local file.

    ``source`` is the object, where it is sound; it is copied to a temporary file. Nothing is
    compared where there is neither.

    Raises:
        Transient, Terminal: a service failed or refused.
    """
    with TemporaryDirectory() as folder:
        path = state.month.canonical_path(data_dir())
        if source:
            path = Path(folder) / "month.parquet"
            fetch(source, path)
        if not path.is_file():
            return
        columns = _columns(state, path)
        expected = _in_file(path, columns)
    where = source.uri if source else str(path)
    for stage, ask, asked in (
        ("bigquery", bigquery.sums, BIGQUERY.columns(columns)),
        ("postgres", postgres.sums, POSTGRES.columns(columns, is_lower=True)),
    ):
        if not getattr(state, stage):
            continue
        if other := _other(columns, ask(state.month, asked), expected):
            mend = redo(state.month, stage)
            yield Finding(state.month, stage, other[0], f"{other[1]}, as in {where}", mend)


def _columns(state: MonthState, path: Path) -> list[Column]:
    import pyarrow.parquet as pq

    told = state.provenance
    schema = service_schema(state.month.service).extended(told.added_columns if told else None)
    held = set(pq.read_schema(path).names)
    return [column for column in schema.columns if column.name in held]


def _in_file(path: Path, columns: Sequence[Column]) -> Values:
    import duckdb

    with duckdb.connect() as connection:
        sql = f"SELECT {DUCKDB.columns(columns)} FROM read_parquet(?, hive_partitioning = false)"
        cursor = connection.execute(sql, [str(path)])
        names = [described[0] for described in cursor.description]
        return dict(zip(names, cursor.fetchall()[0], strict=True))


def _other(columns: Sequence[Column], seen: Values, expected: Values) -> tuple[str, str] | None:
    """Return the first column that differs, as either has it."""
    for place, column in enumerate(columns):
        for key, word in ((f"a{place}", "values"), (f"b{place}", "in all")):
            ours, theirs = seen.get(key), expected.get(key)
            if not _agree(ours, theirs, is_exact=column.kind != "float64"):
                return f"{column.name}: {ours} {word}", f"{theirs}"
    return None


def _agree(one: Any, other: Any, *, is_exact: bool) -> bool:
    if one is None or other is None or is_exact:
        return bool(one == other)
    both_nan = math.isnan(one) and math.isnan(other)
    return both_nan or math.isclose(one, other, rel_tol=RELATIVE, abs_tol=RELATIVE)
