"""Put a canonical month into the lake."""

from pipeline.core.month_task import MonthTask
from pipeline.lake.target import LakeMonthTarget
from pipeline.normalize.task import NormalizeMonth


class UploadMonthToGCS(MonthTask):
    """One object per month, whose checksum both sides agree on. Running it again is harmless."""

    def requires(self) -> NormalizeMonth:
        """Return the task that makes the canonical month."""
        return self.same_month(NormalizeMonth)

    def output(self) -> LakeMonthTarget:
        """Return the month's object in the lake."""
        return LakeMonthTarget(self.trip_month)

    def run(self) -> None:
        """Upload the canonical parquet with its provenance."""
        from pipeline.lake.bucket import upload

        canonical = self.requires().output()
        size = canonical.path.stat().st_size
        provenance = canonical.provenance()

        def progress(sent: int) -> None:
            self.report(100 * sent / size, f"{sent / 1e6:.1f} of {size / 1e6:.1f} MB sent")

        uploaded = upload(self.trip_month, canonical.path, provenance, progress)
        message = f"{uploaded.size / 1e6:.1f} MB, {provenance.rows_kept:,} rows at {uploaded.uri}"
        self.report(100, message, uploaded.link)
        self.log(f"uploaded {message}")
