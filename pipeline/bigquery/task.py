"""Load a month of the lake into its BigQuery partition."""

from typing import TYPE_CHECKING

from pipeline.bigquery.target import BigQueryMonthTarget
from pipeline.core.month_task import MonthTask
from pipeline.lake.task import UploadMonthToGCS

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob


class LoadMonthToBQ(MonthTask):
    """One load job into one partition, then one ledger row. Running it again is harmless."""

    def requires(self) -> UploadMonthToGCS:
        """Return the task that puts the month into the lake."""
        return self.same_month(UploadMonthToGCS)

    def output(self) -> BigQueryMonthTarget:
        """Return the month's partition."""
        return BigQueryMonthTarget(self.trip_month)

    def run(self) -> None:
        """Load the lake's object and record it."""
        from pipeline.bigquery import ledger
        from pipeline.bigquery.load import load_object
        from pipeline.bigquery.partition import MonthPartition

        month = self.trip_month
        source = self.requires().output().object()
        loaded = load_object(MonthPartition(month), source, self._watch)
        ledger.record(loaded)
        message = f"{loaded.partition_rows:,} rows in {month.table_name}${month.partition_id}"
        self.report(100, message)
        self.log(f"loaded {message} by job {loaded.job_id}")
        if loaded.provenance.remarks:
            # Said again: the month may have been normalized elsewhere, or long ago.
            self.log(loaded.provenance.remarks)

    def _watch(self, job: "LoadJob") -> None:
        from pipeline.bigquery.load import job_link

        percent = {"PENDING": 10, "RUNNING": 50, "DONE": 90}.get(job.state or "PENDING")
        self.report(percent, f"load job {job.job_id} is {job.state}", job_link(job))
