"""The tasks that bring the taxi zones from the publisher to the warehouse and to Postgres.

Belongs here: what requires what, progress and what a run says. Not here: the work.
"""

import luigi

from pipeline.bigquery.task import load_and_record
from pipeline.core import settings
from pipeline.core.publication_task import PublicationTask
from pipeline.download.target import RawTarget
from pipeline.download.task import download, is_published
from pipeline.lake.target import LakeTarget
from pipeline.zones.lookup import LOOKUP_CSV, ZONE_LOOKUP, ZoneLookup
from pipeline.zones.postgres import PostgresZonesTarget
from pipeline.zones.table import BigQueryZonesTarget, ZonesTable


class ZonesTask(PublicationTask):
    """A task about the taxi zones."""

    @property
    def subject(self) -> ZoneLookup:
        """The zone lookup."""
        return ZONE_LOOKUP


class PublishedZones(ZonesTask, luigi.ExternalTask):
    """The lookup at its publisher; nobody here can make it, only wait for it."""

    def is_there(self) -> bool:
        """Return whether the lookup is published, asking the publisher once per process.

        Raises:
            Transient: the publisher is unreachable, throttles or is out of order.
        """
        return is_published(ZONE_LOOKUP)


class DownloadZones(ZonesTask):
    """The lookup on local disk, byte for byte as published."""

    def requires(self) -> PublishedZones:
        """Return the lookup at its publisher."""
        return PublishedZones()

    def output(self) -> RawTarget:
        """Return the raw file."""
        return RawTarget(ZONE_LOOKUP, settings.data_dir())

    def run(self) -> None:
        """Download what is missing of the file; safe to repeat and to run twice at once."""
        download(self, ZONE_LOOKUP, self.output().path, LOOKUP_CSV)


class UploadZonesToGCS(ZonesTask):
    """The lookup as canonical parquet, one object in the lake. Running it again is harmless."""

    def requires(self) -> DownloadZones:
        """Return the task that fetches the lookup."""
        return DownloadZones()

    def output(self) -> LakeTarget:
        """Return the object in the lake."""
        return LakeTarget(ZONE_LOOKUP)

    def run(self) -> None:
        """Write the canonical parquet and upload it with its provenance."""
        from pipeline.lake.bucket import find, publish
        from pipeline.zones.table import write_canonical

        raw, path = self.requires().output(), ZONE_LOOKUP.canonical_path(settings.data_dir())
        record = write_canonical(raw.path, raw.provenance(), path)
        uploaded = publish(
            ZONE_LOOKUP.object_name, path, record, find(ZONE_LOOKUP), lambda sent: None
        )
        message = f"{record.rows_kept:,} rows at {uploaded.uri}"
        self.report(100, message, uploaded.link, record.rows_kept)
        self.log(f"uploaded {message}")


class LoadZones(ZonesTask):
    """One load job into one table, then one ledger row. Running it again is harmless."""

    def requires(self) -> UploadZonesToGCS:
        """Return the task that puts the lookup into the lake."""
        return UploadZonesToGCS()

    def output(self) -> BigQueryZonesTarget:
        """Return the table of the zones."""
        return BigQueryZonesTarget()

    def run(self) -> None:
        """Load the lake's object and record it."""
        load_and_record(self, ZonesTable(), self.requires().output().object())


class LoadZonesToPostgres(ZonesTask):
    """One transaction: the table and its ledger row. Running it again is harmless."""

    def requires(self) -> DownloadZones:
        """Return the task that fetches the lookup."""
        return DownloadZones()

    def output(self) -> PostgresZonesTarget:
        """Return the table of the zones."""
        return PostgresZonesTarget()

    def run(self) -> None:
        """Replace the table and record it."""
        from pipeline.zones.postgres import TABLE, load_zones

        raw = self.requires().output()
        rows = load_zones(raw.path, raw.provenance())
        message = f"{rows:,} rows in {TABLE}" if rows else f"{TABLE} as another run left it"
        self.report(100, message, rows=rows)
        self.log(f"loaded {message}")
