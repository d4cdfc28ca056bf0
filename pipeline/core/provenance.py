"""Where a month's rows came from and how many there are: the record that travels with them.

Belongs here: the record and its forms (metadata keys, ledger row). Not here: reading or writing
it anywhere; each target does that in its own medium.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from pipeline.core.errors import Terminal
from pipeline.core.publications import Publication
from pipeline.core.settings import base_url, is_loopback, normalize
from pipeline.core.sightings import is_outdated

PIPELINE_VERSION: Final = "0.3.0"
METADATA_PREFIX: Final = "tlc_"
COUNTS: Final = ("source_bytes", "source_rows", "rows_kept", "rows_quarantined")
FOUND_BY_NORMALIZING: Final = (
    "rows_kept",
    "rows_quarantined",
    "schema_version",
    "unknown_columns",
    "added_columns",
    "remarks",
    "counters",
)
NOTHING_ODD: Final = "none"
"""``counters`` of a month whose rows were looked at, and none was odd."""


@dataclass(frozen=True)
class Provenance:
    """The origin and row counts of one month, or of the taxi zones, whose ``month`` is empty.

    A download knows the source; ``rows_kept``, ``rows_quarantined`` and ``schema_version`` are
    ``None`` until the month is normalized. ``source_sha256`` is lower-case hex; ``source_bytes``
    counts the file as published; ``source_etag`` and ``source_last_modified`` are the publisher's
    headers as served. ``unknown_columns`` is what was done about columns that no schema knows,
    ``warn`` or ``add``, where the file has such. ``added_columns`` are those that the month has
    beyond its service's schema, as ``name kind, name kind``; ``remarks`` tell what is worth knowing
    about the month, in words. All three are None where there is nothing to tell. ``counters`` are
    the audit's counts of odd rows, as ``outside_month=12 negative_total=3``; None where nobody has
    counted, as in records of before 0.2.
    """

    service: str
    month: str
    source_url: str
    source_etag: str
    source_last_modified: str
    source_bytes: int
    source_sha256: str
    source_rows: int
    rows_kept: int | None = None
    rows_quarantined: int | None = None
    schema_version: str | None = None
    unknown_columns: str | None = None
    added_columns: str | None = None
    remarks: str | None = None
    counters: str | None = None
    pipeline_version: str = PIPELINE_VERSION

    def normalized(self, *, kept: int, quarantined: int, schema_version: str) -> "Provenance":
        """Return the record of the canonical month; raise Terminal if a row is unaccounted for."""
        record = replace(
            self, rows_kept=kept, rows_quarantined=quarantined, schema_version=schema_version
        )
        record.check_balanced()
        return record

    def origin(self) -> "Provenance":
        """Return the record as the download made it, without what normalizing found."""
        nothing: dict[str, Any] = dict.fromkeys(FOUND_BY_NORMALIZING)
        return replace(self, **nothing)

    def counted(self) -> dict[str, int] | None:
        """Return the odd rows by count, without those that are 0; None where nobody has counted."""
        if self.counters is None:
            return None
        pairs = [pair.partition("=") for pair in self.counters.split()]
        return {name: int(rows) for name, _, rows in pairs if rows.isdecimal()}

    @property
    def is_balanced(self) -> bool:
        """Whether the month is normalized and every source row is kept or quarantined."""
        if self.rows_kept is None or self.rows_quarantined is None:
            return False
        return self.source_rows == self.rows_kept + self.rows_quarantined

    def is_of(self, publication: Publication) -> bool:
        """Return whether this is the record of that file."""
        return (self.service, self.month) == (publication.service, publication.key)

    def is_wanted(self) -> bool:
        """Return whether the month is as the settings ask for.

        A sample never counts as the month that TLC published, nor the other way round; a month
        whose unknown columns were left out does not when they are to be added, or to fail; nor one
        that the publisher was seen to have replaced since.
        """
        if is_loopback(self.source_url) != is_loopback(base_url()):
            return False
        # Asked of hundreds of months at a time, of which hardly one has such columns.
        if self.unknown_columns and self.unknown_columns != normalize().unknown_columns:
            return False
        return not is_outdated(self)

    def check_balanced(self) -> None:
        """Raise Terminal unless source rows = rows kept + rows quarantined."""
        if not self.is_balanced:
            raise Terminal(
                f"{self.service} {self.month}: rows do not add up",
                seen=f"{self.rows_kept} kept + {self.rows_quarantined} quarantined",
                expected=f"{self.source_rows} rows in the source",
            )

    def to_metadata(self) -> dict[str, str]:
        """Return the record as text pairs, for a parquet footer or an object's metadata."""
        pairs = asdict(self).items()
        return {f"{METADATA_PREFIX}{key}": str(value) for key, value in pairs if value is not None}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Provenance | None":
        """Return the record in ``metadata``, or None where there is no whole and valid one."""
        names = [field.name for field in fields(cls)]
        values: dict[str, Any] = {
            name: metadata[f"{METADATA_PREFIX}{name}"]
            for name in names
            if f"{METADATA_PREFIX}{name}" in metadata
        }
        try:
            values |= {name: int(values[name]) for name in COUNTS if name in values}
            return cls(**values)
        except (TypeError, ValueError):
            return None
