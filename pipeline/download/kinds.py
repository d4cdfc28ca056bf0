"""The kinds of file that are downloaded, and how a whole one is told from anything else.

Belongs here: what a kind is, and parquet. Not here: what the zones' CSV holds (``zones/``) and
what becomes of a file that is none (``part.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARQUET_MAGIC: Final = b"PAR1"

MOST_FOOTER_BYTES: Final = 1 << 24
"""A month's has some ten thousand. In memory it is many times as large, and is read at once."""

MOST_ROWS: Final = 1_000_000_000
"""A month has 24 million at most. A few bytes may stand for any number of equal rows."""


class Unreadable(Exception):
    """Raised with the reason why bytes are no file of their kind."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    ``ends_whole`` returns whether a file begins and ends as all of its kind do; ``count_rows``
    returns its rows and raises :class:`Unreadable` where it is none. ``text_types`` are the
    content types that it is served with and that elsewhere are a page for people.
    """

    name: str
    expected: str
    ends_whole: Callable[[Path], bool]
    count_rows: Callable[[Path], int]
    text_types: tuple[str, ...] = ()


def _ends_with_magic(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        first = file.read(len(PARQUET_MAGIC))
        file.seek(max(0, size - len(PARQUET_MAGIC)))
        return first == PARQUET_MAGIC == file.read()


def _rows_by_footer(path: Path) -> int:
    import pyarrow
    import pyarrow.parquet

    if not _ends_with_magic(path):
        raise Unreadable("no PAR1 at both ends")
    _refuse_long_footer(path)
    try:
        rows = int(pyarrow.parquet.read_metadata(path).num_rows)
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        raise Unreadable(f"its footer does not open: {error}") from error
    if not 0 <= rows <= MOST_ROWS:
        raise Unreadable(f"its footer claims {rows:,} rows")
    return rows


def _refuse_long_footer(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-8, 2)
        size = int.from_bytes(file.read(4), "little")
    if size > MOST_FOOTER_BYTES:
        raise Unreadable(f"its footer claims {size:,} bytes")


PARQUET: Final = FileKind(
    name="parquet file",
    expected="PAR1 at both ends and a footer",
    ends_whole=_ends_with_magic,
    count_rows=_rows_by_footer,
)
