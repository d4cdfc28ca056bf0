"""The task that brings a file from a URL, or from this machine, into a table in Postgres.

Belongs here: what is asked for, progress and what a run says. Not here: the work.
"""

from typing import TYPE_CHECKING, Any, Final

import luigi

from pipeline.core.pipeline_task import PipelineTask
from pipeline.ingest.source import Source, in_public

if TYPE_CHECKING:
    from pipeline.ingest.load import Destination

REPORT_ROWS: Final = 250_000


class AddressParameter(luigi.StrParameter):
    """An address that luigid and logs get without its query, which may be a secret."""

    def serialize(self, x: str) -> str:
        """Return what tells the task from others, and not the query."""
        return in_public(x)


class IngestUrlToPostgres(PipelineTask):
    """A parquet or CSV file into a table of its own: one transaction. Running it again is harmless.

    Which server, and as whom, ``[postgres]`` says.
    """

    url: AddressParameter = AddressParameter(description="an http(s) URL, or a path")
    table_name: luigi.StrParameter = luigi.StrParameter(description="the table to load into")
    existing: luigi.ChoiceParameter = luigi.ChoiceParameter(
        choices=["refuse", "replace", "append"],
        default="refuse",
        description="what becomes of a table that is there",
    )
    as_is: luigi.BoolParameter = luigi.BoolParameter(
        description="keep the columns of a TLC file as they are in it"
    )
    _loaded = ""

    @property
    def subject(self) -> str:
        """The table."""
        return str(self.table_name)

    @property
    def source(self) -> Source:
        """The file; raises BadRequest where there can be none."""
        return Source(str(self.url), is_as_is=bool(self.as_is))

    @property
    def destination(self) -> "Destination":
        """The table and what becomes of it; raises BadRequest where there can be none."""
        from pipeline.ingest.load import Destination, Existing

        return Destination(str(self.table_name), Existing(str(self.existing)))

    def output(self) -> "IngestedTarget":
        """Return the file's rows in the table."""
        return IngestedTarget(self.source, self.destination, self._loaded)

    def run(self) -> None:
        """Fetch the file, where it is elsewhere, and copy it."""
        from pipeline.ingest.load import ingest
        from pipeline.ingest.rows import opened_rows
        from pipeline.ingest.source import fetch, version_of

        source, into = self.source, self.destination
        provenance = fetch(source, version_of(source), self._fetched)
        with opened_rows(source, provenance) as rows:
            copied = ingest(rows, into, self._teller(rows.count), self.say)
        self._loaded = provenance.source_etag
        self.report(100, f"{copied or 0:,} rows")
        self.log("loaded already" if copied is None else f"loaded {copied:,} rows of {source}")

    def _fetched(self, done: int, total: int | None) -> None:
        self.report(None, f"{done / 1e6:.1f} MB fetched")

    def _teller(self, total: int | None) -> Any:
        told = 0

        def tell(rows: int, size: int) -> None:
            nonlocal told
            if rows - told >= REPORT_ROWS:
                told = rows
                # The swap comes after the last row, and may wait.
                percent = 95 * rows / total if total else None
                self.report(percent, f"{rows:,} rows, {size / 1e6:.1f} MB sent")

        return tell


class IngestedTarget(luigi.Target):
    """A file's rows in a table; there when the ledger says so of its version.

    That is the present one, or, where its server tells none, ``loaded``: the one just loaded.
    """

    def __init__(self, source: Source, destination: "Destination", loaded: str = "") -> None:
        self._source, self._destination, self._loaded = source, destination, loaded

    def exists(self) -> bool:
        """Return whether the file's present version is loaded: one HEAD, and one query.

        Raises:
            Transient, Terminal: the file's server or Postgres does not answer, or refuses.
        """
        from pipeline.ingest.load import is_ingested
        from pipeline.ingest.source import version_of

        version = version_of(self._source) or self._loaded
        return is_ingested(
            self._destination,
            self._source.shown,
            version,
            is_canonical=self._source.month is not None,
        )
