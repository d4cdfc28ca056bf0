"""Generation and metageneration preconditions: what a request demands of the object it is about.

Belongs here: reading them from a query and judging them. Not here: when they are judged (inside
the transaction that acts on them, ``objects.py``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from pipeline.sandbox.http import Invalid
from pipeline.sandbox.storage.errors import NotModified, PreconditionFailed

Resource = dict[str, Any]


def query_names(of: str = "") -> tuple[str, ...]:
    """Return the four query options; ``of="Source"`` names those about a copy's source."""
    kinds = product(("Generation", "Metageneration"), ("Match", "NotMatch"))
    return tuple(f"if{of}{kind}{test}" for kind, test in kinds)


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """Return a query option as an int, None where it is absent; raise Invalid where it is none."""
    text = query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Invalid(f"Invalid value for {name}: {text!r} is not a whole number of 18 digits")
    return int(text)


@dataclass(frozen=True)
class Preconditions:
    """What the current version must be; ``None`` demands nothing, generation 0 means absent."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str], of: str = "") -> "Preconditions":
        """Return the preconditions in a request's query."""
        return cls(*(whole_number(query, name) for name in query_names(of)))

    def check(self, current: Resource | None, *, reading: bool = False) -> None:
        """Raise PreconditionFailed unless ``current`` is as demanded.

        A read that fails on a "not match" raises NotModified instead.
        """
        generation = int(current.get("generation", 0)) if current else 0
        metageneration = int(current["metageneration"]) if current else None
        if _differs(self.generation_match, generation):
            raise PreconditionFailed
        if _differs(self.metageneration_match, metageneration):
            raise PreconditionFailed
        unwanted = (self.generation_not_match, self.metageneration_not_match)
        # Where there is no object, a "not match" fails whatever its number.
        if current is None and unwanted != (None, None):
            raise PreconditionFailed
        if generation == unwanted[0] or (current and metageneration == unwanted[1]):
            raise NotModified if reading else PreconditionFailed


def _differs(demanded: int | None, seen: int | None) -> bool:
    return demanded is not None and demanded != seen


NO_PRECONDITIONS = Preconditions()
