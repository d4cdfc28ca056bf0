"""Write a made-up table of the taxi zones, in the form of TLC's ``taxi_zone_lookup.csv``.

Belongs here: that file. Not here: serving it (``handlers.py``) and loading it.
"""

import csv
import io
from pathlib import Path
from typing import Final

from pipeline.core.files import write_atomically
from pipeline.sandbox.publisher.city import (
    JFK,
    LAGUARDIA,
    MANHATTAN,
    NEWARK,
    OUTSIDE_ZONE,
    UNKNOWN_ZONE,
    ZONES,
)

FILE_NAME: Final = "taxi_zone_lookup.csv"
COLUMNS: Final = ("LocationID", "Borough", "Zone", "service_zone")

Place = tuple[str, str, str]
"""A zone's borough, name and service zone."""

WELL_KNOWN: Final[dict[int, Place]] = {
    NEWARK: ("EWR", "Newark Airport", "EWR"),
    JFK: ("Queens", "JFK Airport", "Airports"),
    LAGUARDIA: ("Queens", "LaGuardia Airport", "Airports"),
    UNKNOWN_ZONE: ("Unknown", "N/A", "N/A"),
    OUTSIDE_ZONE: ("N/A", "Outside of NYC", "N/A"),
}
TWINS: Final = (56, 57)
ISLANDS: Final = (103, 104, 105)
"""Zones of one name: it belongs to several numbers in TLC's file, too."""

BOROUGHS: Final = ("Bronx", "Brooklyn", "Queens", "Staten Island")


def write_lookup(path: Path) -> None:
    """Write the 265 zones to ``path``, the same bytes each time: whole or not at all.

    Raises:
        Terminal: ``path`` cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows((zone, *_place(zone)) for zone in ZONES)
    write_atomically(path, text.getvalue().encode())


def _place(zone: int) -> Place:
    if zone in WELL_KNOWN:
        return WELL_KNOWN[zone]
    if zone in ISLANDS:
        return "Manhattan", "Sampler's Island/Sample Island", "Yellow Zone"
    if zone in MANHATTAN:
        return "Manhattan", f"Sample zone {zone}", "Yellow Zone"
    if zone in TWINS:
        return "Queens", "Sample twins", "Boro Zone"
    return BOROUGHS[zone % len(BOROUGHS)], f"Sample zone {zone}", "Boro Zone"
