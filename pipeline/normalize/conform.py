"""A batch of a published file made a batch of the canonical schema, and the rows refused.

Belongs here: the two halves of a batch and nothing lost between them. Not here: single values
(``cast.py``, ``values.py``), files (``read.py``, ``quarantine.py``, ``rewrite.py``).
"""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.cast import WORD, arrow_type, closest_type, conversion, convert, reason
from pipeline.normalize.match import Layout, Match, shown
from pipeline.normalize.values import mapped, ruled


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
    """The canonical rows of a batch, in file order, and the rest: together every row once.

    ``unknown`` counts, by canonical column, the batch's words that no table knows.
    """

    kept: pa.RecordBatch
    rejected: Rejected | None
    unknown: dict[str, Counter[str]]

    @property
    def rows(self) -> int:
        """How many rows the batch had."""
        return len(self.kept) + (len(self.rejected.positions) if self.rejected else 0)


@dataclass(frozen=True)
class _Found:
    """What a batch holds that is no canonical value: refused rows, and words no table knows."""

    why: dict[int, tuple[str, str]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)


class Conformer:
    """Conforms the batches of one file of ``month``, whose columns ``layout`` has matched."""

    def __init__(self, month: TripMonth, layout: Layout) -> None:
        self._month = month
        self._layout = layout
        self._schema = layout.schema.arrow_schema()
        self._source_month = pa.scalar(month.first_day, pa.date32())
        self._conversions = {
            match.column.name: conversion(layout.file_schema.field(match.index).type, _kind(match))
            for match in layout.matches
            if match.index is not None
        }

    def conform(self, batch: pa.RecordBatch) -> Conformed:
        """Return the batch in the canonical schema, without the rows that cannot be represented.

        Raises:
            Terminal: a column holds values of a type that no cast covers.
        """
        found = _Found()
        columns = [pa.repeat(self._source_month, batch.num_rows)]
        columns += [self._column(batch, match, found) for match in self._layout.matches]
        canonical = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        if not found.why:
            return Conformed(canonical, None, found.unknown)
        kept = pa.array([row not in found.why for row in range(batch.num_rows)])
        return Conformed(canonical.filter(kept), _rejected(batch, found.why), found.unknown)

    def _column(self, batch: pa.RecordBatch, match: Match, found: _Found) -> pa.Array:
        column = match.column
        if match.index is None:
            return pa.nulls(batch.num_rows, arrow_type(column.kind))
        raw = batch.column(match.index)
        conversion = self._conversions[column.name]
        if conversion is None:
            return self._only_nulls(raw, match)
        values, refused = convert(raw, conversion, _kind(match))
        for row in refused:
            found.why.setdefault(row, (reason(raw[row], _kind(match)), column.name))
        if match.mapping:
            values, unknown = mapped(values, match.mapping, arrow_type(column.kind))
            found.unknown.update({column.name: unknown} if unknown else {})
        return ruled(values, column.rule) if column.rule else values

    def _only_nulls(self, raw: pa.Array, match: Match) -> pa.Array:
        """Return nulls: a column without values is of no type, whatever its writer called it."""
        if raw.null_count < len(raw):
            kind = match.column.kind
            raise Terminal(
                f"{self._month}: column {shown(self._layout.file_schema.names[match.index])} "
                "is of the wrong kind",
                seen=shown(str(raw.type)),
                expected=f"{kind}, or a type that converts to it exactly; "
                f"{closest_type(raw.type, _kind(match))} is closest",
                next_step="compare the raw file with TLC's; delete it to download it again",
            )
        return pa.nulls(len(raw), arrow_type(match.column.kind))


def _kind(match: Match) -> str:
    """Return what a column's values are first made: words where a table reads them."""
    return WORD if match.mapping else match.column.kind


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
