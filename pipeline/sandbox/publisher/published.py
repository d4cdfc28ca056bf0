"""Which months the sandbox's publisher has, as TLC had them when the samples were modelled.

Belongs here: that list. Not here: what the real publisher has today (``download/``).
"""

from typing import Final

from pipeline.core.months import TripMonth
from pipeline.schemas import service_schema

NEWEST_MONTHS: Final = {
    "yellow": "2026-08",
    "green": "2026-08",
    "fhv": "2026-07",
    "fhvhv": "2026-08",
}


def is_published(month: TripMonth) -> bool:
    """Return whether the publisher has ``month``: one not too new, of a known era."""
    eras = service_schema(month.service).eras
    return month.key <= NEWEST_MONTHS[month.service] and any(era.covers(month) for era in eras)
