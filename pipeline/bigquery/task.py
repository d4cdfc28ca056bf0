"""Load a month of the lake into its BigQuery partition."""

from typing import TYPE_CHECKING

from pipeline.bigquery.partition import MonthPartition
from pipeline.bigquery.target import BigQueryMonthTarget
from pipeline.core.month_task import MonthTask
from pipeline.core.pipeline_task import PipelineTask
from pipeline.lake.bucket import LakeObject
from pipeline.lake.task import UploadMonthToGCS

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob

    from pipeline.bigquery.load import Destination


class LoadMonthToBQ(MonthTask):
    """One load job into one partition, then one ledger row. Running it again is harmless."""

    stage = "bigquery"

    def requires(self) -> UploadMonthToGCS:
        """Return the task that puts the month into the lake."""
        return self.same_month(UploadMonthToGCS)

    def output(self) -> BigQueryMonthTarget:
        """Return the month's partition."""
        return BigQueryMonthTarget(self.trip_month)

    def run(self) -> None:
        """Load the lake's object and record it."""
        if not self.is_spared():
            source = self.requires().output().object()
            load_and_record(self, MonthPartition(self.trip_month), source, anew=self.is_redone)


def load_and_record(
    task: PipelineTask, destination: "Destination", source: LakeObject, *, anew: bool = False
) -> None:
    """Load the object and write its ledger row, with the task's progress on the dashboard.

    With ``anew`` it is loaded although it is there, and what else the ledger has of it is tidied.
    """
    from pipeline.bigquery import ledger
    from pipeline.bigquery.load import job_link, load_object

    def watch(job: "LoadJob") -> None:
        percent = {"PENDING": 10, "RUNNING": 50, "DONE": 90}.get(job.state or "PENDING")
        task.report(percent, f"load job {job.job_id} is {job.state}", job_link(job))

    loaded = load_object(destination, source, watch, anew=anew)
    ledger.record(loaded)
    if anew:
        ledger.tidy(loaded)
    message = f"{loaded.partition_rows:,} rows in {destination.path.rpartition('.')[2]}"
    task.report(100, message, rows=loaded.partition_rows)
    task.log(f"loaded {message} by job {loaded.job_id}")
    if loaded.provenance.remarks:
        # Said again: the month may have been normalized elsewhere, or long ago.
        task.log(loaded.provenance.remarks)
