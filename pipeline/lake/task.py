"""Put a canonical month into the lake."""

from pipeline.core.month_task import MonthTask
from pipeline.lake.target import LakeMonthTarget
from pipeline.normalize.task import NormalizeMonth


class UploadMonthToGCS(MonthTask):
    """A month and its quarantine, as objects whose checksums both sides agree on.

    Running it again is harmless.
    """

    stage = "lake"

    def requires(self) -> NormalizeMonth:
        """Return the task that makes the canonical month."""
        return self.same_month(NormalizeMonth)

    def output(self) -> LakeMonthTarget:
        """Return the month's object in the lake."""
        return LakeMonthTarget(self.trip_month)

    def run(self) -> None:
        """Upload the canonical parquet and its quarantine with their provenance."""
        from pipeline.lake.upload import upload_month

        if self.is_spared():
            return
        canonical = self.requires().output()
        path, quarantine = canonical.path, canonical.quarantine_path
        size, provenance = path.stat().st_size, canonical.provenance()

        def progress(sent: int) -> None:
            self.report(100 * sent / size, f"{sent / 1e6:.1f} of {size / 1e6:.1f} MB sent")

        uploaded = upload_month(
            self.trip_month, path, quarantine, provenance, progress, anew=self.is_redone
        )
        message = (
            f"{uploaded.size / 1e6:.1f} MB, {provenance.rows_kept:,} rows and "
            f"{provenance.rows_quarantined:,} quarantined at {uploaded.uri}"
        )
        self.report(100, message, uploaded.link, provenance.rows_kept)
        self.log(f"uploaded {message}")
