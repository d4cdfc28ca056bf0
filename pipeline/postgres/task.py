"""Load a canonical month into its Postgres partition."""

from typing import Final

from pipeline.core.month_task import MonthTask
from pipeline.normalize.task import NormalizeMonth
from pipeline.postgres.target import PostgresMonthTarget

REPORT_PERCENT: Final = 5


class LoadMonthToPostgres(MonthTask):
    """One transaction: the month's rows and its ledger row. Running it again is harmless."""

    stage = "postgres"

    def requires(self) -> NormalizeMonth:
        """Return the task that makes the canonical month."""
        return self.same_month(NormalizeMonth)

    def output(self) -> PostgresMonthTarget:
        """Return the month's partition."""
        return PostgresMonthTarget(self.trip_month)

    def run(self) -> None:
        """Copy the canonical month and record it."""
        from pipeline.postgres.load import load_month

        if self.is_spared():
            return
        canonical = self.requires().output()
        total = canonical.provenance().rows_kept or 1
        told = 0.0

        def tell(rows: int, size: int) -> None:
            nonlocal told
            percent = 100 * rows / total
            if percent - told >= REPORT_PERCENT:
                told = percent
                # Indexes and the swap come after the last row.
                self.report(0.8 * percent, f"{rows:,} of {total:,} rows, {size / 1e6:.1f} MB sent")

        loaded = load_month(canonical, tell, self.say, anew=self.is_redone)
        message = f"{loaded.partition_rows:,} rows in {loaded.partition}"
        self.report(100, message, rows=loaded.partition_rows)
        self.log(f"loaded {message}, number {loaded.load_id} in the ledger")
        if loaded.provenance.remarks:
            # Said again: the month may have been normalized long ago.
            self.log(loaded.provenance.remarks)
