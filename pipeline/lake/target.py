"""Whether a file is in the lake, and which version of it."""

import luigi

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.publications import Publication
from pipeline.lake.bucket import LakeObject, find, objects
from pipeline.schemas import service_schema


class LakeTarget(luigi.Target):
    """An object; there when its metadata holds a whole and balanced provenance."""

    def __init__(self, publication: Publication) -> None:
        self._publication = publication

    def exists(self) -> bool:
        """Return whether the object is in the lake. One listing serves all objects."""
        told = self._whole_provenance()
        return told is not None and told.is_wanted()

    def identity(self) -> int | None:
        """Return the generation of the object that is there."""
        found = find(self._publication)
        return found.generation if found else None

    def object(self) -> LakeObject:
        """Return the object; raise Terminal where it is not there or not whole."""
        found = find(self._publication)
        if found is None or self._whole_provenance() is None:
            wanted = self._publication
            raise Terminal(f"{wanted} is not in the lake", seen=found, expected=wanted)
        return found

    def _whole_provenance(self) -> Provenance | None:
        found = find(self._publication)
        told = found.provenance if found else None
        return told if told and told.is_balanced and told.is_of(self._publication) else None


class LakeMonthTarget(LakeTarget):
    """The month's object and that of its quarantine; there when both are of one version.

    One of an older schema is not there: what is loaded from the lake is of today's.
    """

    def __init__(self, month: TripMonth) -> None:
        super().__init__(month)
        self._month = month

    def exists(self) -> bool:
        """Return whether the month is in the lake. One listing serves all months."""
        told = self._whole_provenance()
        is_current = told is not None and service_schema(self._month.service).made(told)
        return is_current and super().exists() and self.has_its_quarantine()

    def has_its_quarantine(self) -> bool:
        """Return whether the quarantine of this very month is there, or absent as it should be."""
        month, quarantine = (
            objects().get(name)
            for name in (self._month.object_name, self._month.quarantine_object_name)
        )
        assert month and month.provenance
        if not month.provenance.rows_quarantined:
            return quarantine is None
        return quarantine is not None and quarantine.provenance == month.provenance
