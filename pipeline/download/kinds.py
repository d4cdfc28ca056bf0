"""The kinds of file that are downloaded, and how a whole one is told from anything else.

Belongs here: what a kind is, and parquet. Not here: what the zones' CSV holds (``zones/``) and
what becomes of a file that is none (``part.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARQUET_MAGIC: Final = b"PAR1"


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
    try:
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        raise Unreadable(f"its footer does not open: {error}") from error


PARQUET: Final = FileKind(
    name="parquet file",
    expected="PAR1 at both ends and a footer",
    ends_whole=_ends_with_magic,
    count_rows=_rows_by_footer,
)
