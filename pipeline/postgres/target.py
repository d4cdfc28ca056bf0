"""Whether a month is in Postgres, and which version of it."""

import luigi

from pipeline.core.months import TripMonth
from pipeline.postgres.ledger import find


class PostgresMonthTarget(luigi.Target):
    """The month's partition; there when the ledger's row in force and the partition agree."""

    def __init__(self, month: TripMonth) -> None:
        self.month = month

    def identity(self) -> int | None:
        """Return the number of the load that is there, as the ledger tells."""
        found = find(self.month)
        return found.load_id if found else None

    def exists(self) -> bool:
        """Return whether the month is loaded. One query serves all months."""
        found = find(self.month)
        return found is not None and found.is_whole and found.provenance.is_wanted()
