"""What a download leaves on disk, and how to leave it there."""

from pathlib import Path

from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.download.part import Part
from pipeline.download.publisher import Publisher


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def nothing_but(path: Path) -> bool:
    """Whether the data folder of the raw file holds it and its sidecar only."""
    return files_below(path.parents[3]) == [path.name, f"{path.name}.json"]


def leave_part(client: Publisher, month: TripMonth, path: Path, left: bytes) -> None:
    """Leave what a killed download leaves, with these bytes."""
    version = client.probe(month)
    assert version is not None
    with part_file(path) as file:
        part = Part(file, path)
        part.start(version)
        part.append(left)
