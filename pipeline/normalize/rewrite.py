"""One month from its raw file to its canonical file and its quarantine, streamed.

Belongs here: the order of the steps, and that nothing is published until all is accounted for.
Not here: the steps themselves.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.files import discard, part_file, part_path, publish
from pipeline.core.provenance import Provenance
from pipeline.normalize.audit import Audit, check_rows, check_written
from pipeline.normalize.conform import Conformed, Conformer
from pipeline.normalize.duplicates import Duplicates
from pipeline.normalize.match import Layout, match_columns
from pipeline.normalize.quarantine import Quarantine
from pipeline.normalize.read import RawFile, one_ahead
from pipeline.normalize.remarks import Remarks, UnknownWords, difference
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.normalize.unknown import settle

Progress = Callable[[int, int], None]
"""Told the rows that are done and how many there are."""

TOP_REASONS: Final = 3


@dataclass(frozen=True)
class Rewritten:
    """A month that was published: its row counts and what is odd about it.

    ``audit`` is None where another process did the work.
    """

    provenance: Provenance
    audit: Audit | None

    def __str__(self) -> str:
        kept, quarantined = self.provenance.rows_kept, self.provenance.rows_quarantined
        counts = f"{kept:,} rows kept, {quarantined:,} quarantined"
        remarks = f"; {self.provenance.remarks}" if self.provenance.remarks else ""
        return f"{counts}; {self.audit or 'by another run'}{remarks}"


def rewrite_month(
    source: Provenance,
    raw_path: Path,
    target: CanonicalMonthTarget,
    progress: Progress = lambda done, total: None,
    *,
    anew: bool = False,
) -> Rewritten:
    """Make ``target`` from the raw file at ``raw_path``, which ``source`` describes.

    Safe to call again: the same file gives the same bytes. Waits while another process writes the
    same target, and takes what that one published from the same source, unless ``anew``. On an
    error nothing is published and no part is left.

    Raises:
        Terminal: the raw file is damaged, empty or of other columns, too many of its rows cannot
            be represented, or the target cannot be written.
    """
    raw = RawFile(raw_path, target.month)
    with closing(raw), part_file(target.path) as part:
        try:
            layout = settle(match_columns(raw.schema, target.month), target.month)
            if not anew and (done := _already_done(source, target, layout)):
                discard(target.path)
                return Rewritten(done, None)
            with (
                Quarantine(target.quarantine_path, raw.schema) as quarantine,
                # Without a name, so that a killed process leaves nothing.
                TemporaryFile(dir=target.path.parent) as hashes,
            ):
                duplicates = Duplicates(hashes, layout.held_columns)
                rewrite = _Rewrite(raw, layout, source, quarantine, duplicates)
                record = rewrite.write(part_path(target.path), progress)
                schema = layout.schema.arrow_schema()
                check_written(target.month, part_path(target.path), schema, kept=rewrite.kept)
                quarantine.publish(record)
                publish(part, target.path)
        except BaseException:
            discard(target.path)
            raise
    return Rewritten(record, rewrite.audit)


def _already_done(
    source: Provenance, target: CanonicalMonthTarget, layout: Layout
) -> Provenance | None:
    """Return the record of a target that is whole, of this very source and this very layout."""
    record = target.record()
    if record is None or record.schema_version != layout.schema.version:
        return None
    is_same = record.origin() == source and record.unknown_columns == layout.policy
    return record if is_same else None


class _Rewrite:
    """The rows of one month on their way, and how many there were."""

    def __init__(
        self,
        raw: RawFile,
        layout: Layout,
        source: Provenance,
        quarantine: Quarantine,
        duplicates: Duplicates,
    ) -> None:
        self.kept = 0
        self.audit = Audit(raw.month)
        self._month = raw.month
        self._raw = raw
        self._layout = layout
        self._source = source
        self._quarantine = quarantine
        self._duplicates = duplicates
        self._unknown_words = UnknownWords()
        self._remarks = Remarks(raw.month)
        self._remarks.add("published_rows", difference(source, raw.month))
        self._remarks.add("unknown_columns", layout.remark)

    def write(self, path: Path, progress: Progress) -> Provenance:
        """Write the canonical file and the quarantine; return the month's provenance."""
        schema = self._layout.schema.arrow_schema()
        row_groups = one_ahead(self._row_groups())
        with closing(parquet_writer(path, schema)) as writer, closing(row_groups):
            for row_group in row_groups:
                self._add(row_group, writer)
                progress(self._rows, self._raw.rows)
            self._check_rows()
            record = self._finished()
            told = {**self.audit.to_metadata(), **self._remarks.to_metadata()}
            writer.add_key_value_metadata({**record.to_metadata(), **told})
        return record

    def _finished(self) -> Provenance:
        """Return the month's provenance, once all rows are seen."""
        self.audit.counts["duplicate_rows"] = self._duplicates.count()
        self._remarks.add("unknown_values", self._unknown_words.remark)
        told = replace(
            self._source,
            unknown_columns=self._layout.policy,
            added_columns=self._layout.added_columns,
            remarks=self._remarks.text,
            counters=self.audit.text,
        )
        return told.normalized(
            kept=self.kept,
            quarantined=self._quarantine.rows,
            schema_version=self._layout.schema.version,
        )

    @property
    def _rows(self) -> int:
        return self.kept + self._quarantine.rows

    def _row_groups(self) -> Iterator[list[Conformed]]:
        """Yield the conformed batches that make a row group; small batches stay in the cache."""
        sizes = settings.normalize()
        conformed = self._conformed(int(sizes.batch_rows))
        batches = max(1, int(sizes.row_group_rows) // int(sizes.batch_rows))
        while row_group := list(islice(conformed, batches)):
            yield row_group

    def _conformed(self, batch_rows: int) -> Iterator[Conformed]:
        """Yield batches; what can be done here is done beside the writing, which takes longer."""
        conform = Conformer(self._month, self._layout).conform
        for batch in self._raw.batches(batch_rows):
            conformed = conform(batch)
            self._duplicates.add(conformed.kept)
            yield conformed

    def _add(self, row_group: list[Conformed], writer: pq.ParquetWriter) -> None:
        for conformed in row_group:
            if conformed.rejected is not None:
                self._quarantine.add(conformed.rejected, self._rows)
                self._refuse_too_many()
            self.audit.add(conformed.kept)
            self._unknown_words.add(conformed.unknown)
            self.kept += len(conformed.kept)
        table = pa.Table.from_batches([conformed.kept for conformed in row_group])
        if len(table):
            writer.write_table(table, row_group_size=len(table))

    def _check_rows(self) -> None:
        check_rows(
            self._month,
            read=self._rows,
            footer=self._raw.rows,
            downloaded=self._source.source_rows,
        )

    def _refuse_too_many(self) -> None:
        share = float(settings.normalize().max_quarantined_share)
        rows = self._quarantine.rows
        if rows <= share * self._raw.rows:
            return
        raise Terminal(
            f"{self._month}: too many rows cannot be represented",
            seen=f"at least {rows:,} of {self._raw.rows:,}: {self._top_reasons()}",
            expected=f"at most {100 * share:g}% ([normalize] max_quarantined_share)",
            next_step="compare the raw file with TLC's; raise the share if the rows are as meant",
        )

    def _top_reasons(self) -> str:
        told = {
            match.column.name: f"{match.column.name} ({seen.type}, to be {match.column.kind})"
            for match in self._layout.matches
            if match.index is not None
            for seen in [self._raw.schema.field(match.index)]
        }
        return ", ".join(
            f"{count:,} {reason} in {told[column]}"
            for (reason, column), count in self._quarantine.reasons.most_common(TOP_REASONS)
        )


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Return the writer of canonical files. The same rows always make the same bytes.

    Times hardly repeat: as differences they are written a fifth faster than by a dictionary, and
    smaller. Without Arrow's own schema the footer says only what every reader understands.
    """
    times = [field.name for field in schema if pt.is_timestamp(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        use_dictionary=[name for name in schema.names if name not in times],
        column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
        store_schema=False,
    )
