"""A month's objects: its rows, and those that could not be represented.

Belongs here: which objects a month has, and the order in which they change. Not here: requests
(``bucket.py``).
"""

from pathlib import Path

from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake.bucket import LakeObject, Progress, objects, publish, remove


def upload_month(
    month: TripMonth,
    path: Path,
    quarantine: Path,
    provenance: Provenance,
    progress: Progress,
    *,
    anew: bool = False,
) -> LakeObject:
    """Publish the month's rows at ``path`` and those at ``quarantine``, if it has any.

    Returns the month's object. Both replace what one listing showed, so that of two versions at
    once only one is published. The quarantine comes before its month, and an older month's goes
    after it: a month in the lake has its quarantine, whenever the run is killed. Safe to call
    again; with ``anew`` what is there is sent again.

    Raises:
        Transient: another run published something else meanwhile, or the service failed.
        Terminal: the service received other bytes than the checksum's, or cannot be written.
    """
    seen = objects()
    older = seen.get(month.quarantine_object_name)
    if provenance.rows_quarantined:
        name = month.quarantine_object_name
        publish(name, quarantine, provenance, older, lambda sent: None, anew=anew)
    over = seen.get(month.object_name)
    uploaded = publish(month.object_name, path, provenance, over, progress, anew=anew)
    if older and not provenance.rows_quarantined:
        remove(older)
    return uploaded
