"""Whether a month is in the lake, and which version of it."""

import luigi

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.lake.bucket import LakeObject, find


class LakeMonthTarget(luigi.Target):
    """The month's object; there when its metadata holds a whole and balanced provenance."""

    def __init__(self, month: TripMonth) -> None:
        self.month = month

    def exists(self) -> bool:
        """Return whether the month is in the lake. One listing serves all months."""
        found = find(self.month)
        if found is None or found.provenance is None or not _is_whole(found, self.month):
            return False
        return found.provenance.is_wanted()

    def object(self) -> LakeObject:
        """Return the object; raise Terminal where it is not there or not whole."""
        found = find(self.month)
        if found is None or not _is_whole(found, self.month):
            raise Terminal(f"{self.month} is not in the lake", seen=found, expected=self.month)
        return found


def _is_whole(found: LakeObject, month: TripMonth) -> bool:
    told = found.provenance
    return told is not None and told.is_balanced and told.is_of(month)
