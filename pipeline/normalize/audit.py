"""Is every row accounted for, and what is odd about the rows but true?

Belongs here: counts and the equations a month must satisfy before it is published. Not here:
refusing single rows (``conform.py``): what is counted here is kept.
"""

from collections import Counter
from datetime import datetime, time
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.core.provenance import METADATA_PREFIX, NOTHING_ODD
from pipeline.schemas import service_schema

ZONES_OF_THE_CITY: Final = 263
"""Zones 1 to 263 are on the map; 264 is unknown, 265 outside the city."""

FARTHEST_MILES: Final = 100
"""A choice: the city is 35 miles across, and what is far beyond it is the meter's error mostly."""


class Audit:
    """Counts, over the batches of a canonical month, rows that are odd but true.

    ``outside_month``: picked up before or after the month. ``missing_pickup``: without a pick-up
    time. ``dropoff_before_pickup``. ``not_finite``: a fare, total or distance that is no number.
    ``negative_fare`` and ``negative_total``: reversals. ``absurd_distance``: below 0 or above
    ``FARTHEST_MILES``. ``unknown_zone``: a pick-up or drop-off zone that is not on the map.
    ``missing_zone``: a pick-up or drop-off zone that is null. A service without the columns has
    no such count. ``duplicate_rows`` is told by who has seen all rows (``duplicates.py``).
    """

    def __init__(self, month: TripMonth) -> None:
        self._roles = service_schema(month.service).roles
        self._first = pa.scalar(datetime.combine(month.first_day, time()), pa.timestamp("us"))
        self._after = pa.scalar(datetime.combine(month.next_first_day, time()), pa.timestamp("us"))
        self.counts: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a canonical batch."""
        self._count_times(batch)
        self._count_zones(batch)
        self._count_amounts(batch)

    def to_metadata(self) -> dict[str, str]:
        """Return the counts as text pairs for the footer, ``tlc_audit_<name>``."""
        return {
            f"{METADATA_PREFIX}audit_{name}": str(count)
            for name, count in sorted(self.counts.items())
        }

    @property
    def text(self) -> str:
        """The counts that are not 0, as the month's record has them: ``outside_month=12 ...``."""
        return " ".join(f"{name}={count}" for name, count in self._found()) or NOTHING_ODD

    def __str__(self) -> str:
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in self._found())
        return told or "nothing odd"

    def _found(self) -> list[tuple[str, int]]:
        return [(name, count) for name, count in sorted(self.counts.items()) if count]

    def _count_times(self, batch: pa.RecordBatch) -> None:
        if pickup := self._roles.pickup_time:
            times = batch[pickup]
            outside = pc.or_(pc.less(times, self._first), pc.greater_equal(times, self._after))
            self.counts["outside_month"] += outside.true_count
            self.counts["missing_pickup"] += times.null_count
            if dropoff := self._roles.dropoff_time:
                backwards = pc.less(batch[dropoff], times)
                self.counts["dropoff_before_pickup"] += backwards.true_count

    def _count_zones(self, batch: pa.RecordBatch) -> None:
        roles = (self._roles.pickup_zone, self._roles.dropoff_zone)
        zones = [batch[role] for role in roles if role]
        if zones:
            off_map = [pc.invert(_on_map(ids)) for ids in zones]
            missing = [pc.is_null(ids) for ids in zones]
            self.counts["unknown_zone"] += _any(off_map).true_count
            self.counts["missing_zone"] += _any(missing).true_count

    def _count_amounts(self, batch: pa.RecordBatch) -> None:
        roles = self._roles
        doubles = [
            role for role in (roles.fare_amount, roles.total_amount, roles.trip_distance) if role
        ]
        if doubles:
            odd = [pc.invert(pc.is_finite(batch[name])) for name in doubles]
            self.counts["not_finite"] += _any(odd).true_count
        for name, column in (
            ("negative_fare", roles.fare_amount),
            ("negative_total", roles.total_amount),
        ):
            if column:
                self.counts[name] += pc.less(batch[column], 0).true_count
        if distance := roles.trip_distance:
            miles = batch[distance]
            absurd = pc.or_(pc.less(miles, 0), pc.greater(miles, FARTHEST_MILES))
            self.counts["absurd_distance"] += absurd.true_count


def check_rows(month: TripMonth, *, read: int, footer: int, downloaded: int) -> None:
    """Raise Terminal unless as many rows were read as the footer and the download promise."""
    if not read == footer == downloaded:
        raise Terminal(
            f"{month}: rows do not add up",
            seen=f"{read} rows read, {footer} in the raw file's footer",
            expected=f"{downloaded} rows, as downloaded",
            next_step="delete the raw file to download it again",
        )


def check_written(month: TripMonth, path: Path, expected: pa.Schema, *, kept: int) -> None:
    """Raise Terminal unless the parquet at ``path`` has the expected schema and all rows."""
    with pq.ParquetFile(path) as written:
        rows, schema = written.metadata.num_rows, written.schema_arrow
    if rows != kept or not schema.equals(expected):
        raise Terminal(
            f"{month}: what was written is not what was meant",
            seen=f"{rows} rows of {schema}",
            expected=f"{kept} rows of {expected}",
        )


def _on_map(zone_ids: pa.Array) -> pa.Array:
    return pc.and_(pc.greater_equal(zone_ids, 1), pc.less_equal(zone_ids, ZONES_OF_THE_CITY))


def _any(masks: list[pa.Array]) -> pa.Array:
    first, *others = masks
    for mask in others:
        first = pc.or_kleene(first, mask)
    return first
