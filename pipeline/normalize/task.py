"""The task that brings one month to its canonical schema.

Belongs here: what requires what, progress and what a run says. Not here: the rewriting.
"""

from typing import Final

from pipeline.core import settings
from pipeline.core.month_task import MonthTask
from pipeline.download.target import RawTarget
from pipeline.download.task import DownloadMonth
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema

REPORT_PERCENT: Final = 5


class NormalizeMonth(MonthTask):
    """The month as canonical parquet on local disk, every row accounted for."""

    stage = "normalize"

    def requires(self) -> DownloadMonth:
        """Return the task that fetches the month; raise Terminal where no era says how to read it.

        Asked before anything is downloaded, since such a month could never be normalized.
        """
        service_schema(self.service).era(self.trip_month)
        return self.same_month(DownloadMonth)

    def output(self) -> CanonicalMonthTarget:
        """Return the canonical file."""
        return CanonicalMonthTarget(self.trip_month, settings.data_dir())

    def run(self) -> None:
        """Rewrite the raw file; safe to repeat and to run twice at once."""
        from pipeline.normalize.rewrite import rewrite_month

        if self.is_spared():
            return
        target = self.output()
        told = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told
            percent = 100 * done / total
            if percent - told >= REPORT_PERCENT:
                told = percent
                self.report(percent, f"{done:,} of {total:,} rows")

        raw: RawTarget = self.requires().output()
        rewritten = rewrite_month(raw.provenance(), raw.path, target, tell, anew=self.is_redone)
        self.report(100, str(rewritten), rows=rewritten.provenance.rows_kept)
        self.log(f"normalized: {rewritten}")
