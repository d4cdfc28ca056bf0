"""Whether a month is in the lake, and which version of it."""

import luigi

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake.bucket import LakeObject, find


class LakeMonthTarget(luigi.Target):
    """The month's object; there when its metadata holds a whole and balanced provenance."""

    def __init__(self, month: TripMonth) -> None:
        self.month = month

    def exists(self) -> bool:
        """Return whether the month is in the lake. One listing serves all months."""
        told = _whole_provenance(find(self.month), self.month)
        return told is not None and told.is_wanted()

    def object(self) -> LakeObject:
        """Return the object; raise Terminal where it is not there or not whole."""
        found = find(self.month)
        if found is None or _whole_provenance(found, self.month) is None:
            raise Terminal(f"{self.month} is not in the lake", seen=found, expected=self.month)
        return found


def _whole_provenance(found: LakeObject | None, month: TripMonth) -> Provenance | None:
    told = found.provenance if found else None
    return told if told and told.is_balanced and told.is_of(month) else None
