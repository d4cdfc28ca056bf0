"""What TLC's files really hold, from one month to another: an era.

Belongs here: the layout of published files. Not here: the canonical schema (``service.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.months import TripMonth
from pipeline.schemas.values import ValueMapping

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class FileColumn:
    """A column of a published file: the file's spelling and Arrow type, and what it means.

    ``canonical`` names the canonical column, None where it says nothing about a trip. ``mapping``
    turns its words into canonical values, None where a cast does. ``exceptions`` maps another
    Arrow type to the months in which the file holds that one instead, as inclusive
    ``(first, last)`` pairs of ``YYYY-MM``; ``null`` is how a column without values is published.
    """

    name: str
    arrow_type: str
    canonical: str | None
    mapping: ValueMapping | None = None
    exceptions: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict, hash=False)

    def type_in(self, month: TripMonth) -> str:
        """Return the name of the Arrow type that the file of ``month`` holds."""
        for arrow_type, ranges in self.exceptions.items():
            if any(first <= month.key <= last for first, last in ranges):
                return arrow_type
        return self.arrow_type


@dataclass(frozen=True)
class Era:
    """A run of months, ``first`` to ``last`` inclusive (None: still going), of one file layout.

    ``columns`` are in file order. ``row_group_rows`` is None where a file is one row group;
    ``statistics`` says whether the footer holds column statistics. ``about`` says in a sentence
    what sets these files apart, and ``unsettled`` what is not known of them for sure.
    """

    name: str
    first: str
    last: str | None
    columns: tuple[FileColumn, ...]
    compression: str
    statistics: bool
    row_group_rows: int | None
    about: str
    unsettled: tuple[str, ...]

    def covers(self, month: TripMonth) -> bool:
        """Return whether ``month`` is one of the era's."""
        return self.first <= month.key and (self.last is None or month.key <= self.last)

    def column(self, spelling: str) -> FileColumn | None:
        """Return the era's column of that name, whatever its case, or None."""
        same = (column for column in self.columns if column.name.casefold() == spelling.casefold())
        return next(same, None)

    def file_schema(self, month: TripMonth) -> "pa.Schema":
        """Return the Arrow schema of TLC's file of ``month``, without metadata."""
        import pyarrow as pa

        return pa.schema(
            [(column.name, pa.type_for_alias(column.type_in(month))) for column in self.columns]
        )
