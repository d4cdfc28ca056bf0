"""The zone lookup as TLC publishes it: one file, and every name that is derived from it.

Belongs here: its names, and telling its CSV from anything else. Not here: its columns
(``schemas/taxi_zones.toml``).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from pipeline.bigquery.definitions import ZONES
from pipeline.download.kinds import FileKind, Unreadable
from pipeline.schemas import zone_schema
from pipeline.schemas.zones import ZONE_NUMBER

if TYPE_CHECKING:
    import pandas as pd

STEM: Final = "taxi_zone_lookup"
NUMBER: Final = r"[0-9]{1,9}"


@dataclass(frozen=True)
class ZoneLookup:
    """The published file. It is of no month: its ``key`` is empty, in its provenance too."""

    service: str = ZONES
    key: str = ""
    object_name: str = f"zones/{STEM}.parquet"

    def __str__(self) -> str:
        return "taxi zone lookup"

    def url(self, base_url: str) -> str:
        """Its address: in the folder ``misc``, beside that of the months (TLC's page)."""
        return urljoin(f"{base_url}/", f"../misc/{STEM}.csv")

    def raw_path(self, data_dir: Path) -> Path:
        """Where the file as published is kept below ``data_dir``."""
        return data_dir / "raw" / "zones" / f"{STEM}.csv"

    def canonical_path(self, data_dir: Path) -> Path:
        """Where the canonical parquet is kept below ``data_dir``."""
        return data_dir / "canonical" / "zones" / f"{STEM}.parquet"


ZONE_LOOKUP: Final = ZoneLookup()


def read_lookup(path: Path) -> "pd.DataFrame":
    """Return the zones in the columns of the schema: numbers, and text as published.

    ``N/A`` is text. A field without any text says nothing, and is null. The columns may be in any
    order.

    Raises:
        Unreadable: the file is no such table, or the numbers do not tell its zones apart.
    """
    zones = _under_its_header(_read_csv(path))
    if zones.empty:
        raise Unreadable("it has no zones")
    if zones.isna().any(axis=None):
        raise Unreadable("a line has fewer fields than the header")
    numbers = zones[ZONE_NUMBER]
    if not numbers.str.fullmatch(NUMBER).all():
        odd = numbers[~numbers.str.fullmatch(NUMBER)].iloc[0]
        raise Unreadable(f"{ZONE_NUMBER} {odd!r} is no number")
    zones = zones.astype({ZONE_NUMBER: "int64"})
    if zones[ZONE_NUMBER].duplicated().any():
        repeated = zones[ZONE_NUMBER][zones[ZONE_NUMBER].duplicated()].iloc[0]
        raise Unreadable(f"{ZONE_NUMBER} {repeated} occurs more than once")
    return zones.replace({"": None})


def _read_csv(path: Path) -> "pd.DataFrame":
    """Return all lines as text, the header too: only so does pandas tell lines that are short."""
    import pandas as pd

    try:
        return pd.read_csv(path, header=None, dtype=str, keep_default_na=False, engine="python")
    except ValueError as error:
        raise Unreadable(f"it does not parse: {error}") from error


def _under_its_header(lines: "pd.DataFrame") -> "pd.DataFrame":
    names = [column.name for column in zone_schema().columns]
    header, zones = [str(name) for name in lines.iloc[0]], lines.iloc[1:]
    if sorted(header) != sorted(names):
        raise Unreadable(f"its header is {', '.join(header)[:100]!r}")
    return zones.set_axis(header, axis="columns")[names]


def _ends_its_last_line(path: Path) -> bool:
    return path.read_bytes().endswith(b"\n")


LOOKUP_CSV: Final = FileKind(
    name="zone lookup",
    expected=f"CSV with {', '.join(column.name for column in zone_schema().columns)}",
    ends_whole=_ends_its_last_line,
    count_rows=lambda path: len(read_lookup(path)),
    text_types=("text/csv", "text/plain"),
)
