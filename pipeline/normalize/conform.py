"""A batch of a published file made a batch of the canonical schema, and the rows refused.

Belongs here: the two halves of a batch and nothing lost between them. Not here: single values
(``cast.py``), files (``read.py``, ``quarantine.py``, ``rewrite.py``).
"""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.cast import arrow_type, conversion, convert, reason
from pipeline.normalize.match import Layout, Match
from pipeline.schemas import service_schema


@dataclass(frozen=True)
class Rejected:
    """Rows that cannot be represented, as they are in the file.

    ``reasons`` and ``columns`` say, for each row, why and because of which canonical column, the
    first one where there are several; ``positions`` count from the batch's first row.
    """

    rows: pa.RecordBatch
    positions: list[int]
    reasons: list[str]
    columns: list[str]


@dataclass(frozen=True)
class Conformed:
    """The canonical rows of a batch, in file order, and the rest: together every row once."""

    kept: pa.RecordBatch
    rejected: Rejected | None

    @property
    def rows(self) -> int:
        """How many rows the batch had."""
        return len(self.kept) + (len(self.rejected.positions) if self.rejected else 0)


class Conformer:
    """Conforms the batches of one file of ``month``, whose columns ``layout`` has matched."""

    def __init__(self, month: TripMonth, layout: Layout) -> None:
        self._month = month
        self._layout = layout
        self._schema = service_schema(month.service).arrow_schema()
        self._source_month = pa.scalar(month.first_day, pa.date32())
        self._conversions = {
            match.column.name: conversion(
                layout.file_schema.field(match.index).type, match.column.kind
            )
            for match in layout.matches
            if match.index is not None
        }

    def conform(self, batch: pa.RecordBatch) -> Conformed:
        """Return the batch in the canonical schema, without the rows that cannot be represented.

        Raises:
            Terminal: a column holds values of a type that no cast covers.
        """
        why: dict[int, tuple[str, str]] = {}
        columns = [pa.repeat(self._source_month, batch.num_rows)]
        columns += [self._column(batch, match, why) for match in self._layout.matches]
        canonical = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        if not why:
            return Conformed(canonical, None)
        kept = pa.array([row not in why for row in range(batch.num_rows)])
        return Conformed(canonical.filter(kept), _rejected(batch, why))

    def _column(
        self, batch: pa.RecordBatch, match: Match, why: dict[int, tuple[str, str]]
    ) -> pa.Array:
        kind = match.column.kind
        if match.index is None:
            return pa.nulls(batch.num_rows, arrow_type(kind))
        raw = batch.column(match.index)
        conversion = self._conversions[match.column.name]
        if conversion is None:
            return self._only_nulls(raw, match)
        values, refused = convert(raw, conversion, kind)
        for row in refused:
            why.setdefault(row, (reason(raw[row], kind), match.column.name))
        return values

    def _only_nulls(self, raw: pa.Array, match: Match) -> pa.Array:
        """Return nulls: a column without values is of no type, whatever its writer called it."""
        if raw.null_count < len(raw):
            name = self._layout.file_schema.names[match.index]
            raise Terminal(
                f"{self._month}: column {name} is of the wrong kind",
                seen=raw.type,
                expected=f"{match.column.kind}, or a type that converts to it exactly",
                next_step="compare the raw file with TLC's; delete it to download it again",
            )
        return pa.nulls(len(raw), arrow_type(match.column.kind))


def _rejected(batch: pa.RecordBatch, why: dict[int, tuple[str, str]]) -> Rejected:
    positions = sorted(why)
    # Not ``take``: Arrow has none for string views.
    columns = [
        pa.concat_arrays([column[row : row + 1] for row in positions]) for column in batch.columns
    ]
    return Rejected(
        rows=pa.RecordBatch.from_arrays(columns, schema=batch.schema),
        positions=positions,
        reasons=[why[row][0] for row in positions],
        columns=[why[row][1] for row in positions],
    )
