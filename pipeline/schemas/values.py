"""How published values become canonical ones where a cast alone does not do: rules and mappings.

Belongs here: what they are, read from ``values.toml``. Not here: applying them (``normalize/``).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

STEPS: Final = ("trim", "upper", "blank_to_null", "zero_to_null")


@dataclass(frozen=True)
class Rule:
    """What is done to a canonical column's values: ``steps`` (of ``STEPS``), one after another."""

    name: str
    steps: tuple[str, ...]
    description: str
    source: str


@dataclass(frozen=True)
class ValueMapping:
    """The canonical value that each published word stands for.

    ``values`` has the words as :func:`word` makes them; what is not there is no known value.
    """

    name: str
    values: Mapping[str, int | str] = field(hash=False)
    source: str


def word(text: str) -> str:
    """Return ``text`` as words are compared: without blanks around it and whatever its case."""
    return text.strip().casefold()


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by name."""
    told = _values()["rules"].items()
    return {name: Rule(name, **{**rule, "steps": tuple(rule["steps"])}) for name, rule in told}


@cache
def mappings() -> dict[str, ValueMapping]:
    """Return every mapping by name."""
    return {
        name: ValueMapping(
            name, {word(text): value for text, value in told["values"].items()}, told["source"]
        )
        for name, told in _values()["mappings"].items()
    }


def _values() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(files("pipeline.schemas").joinpath("values.toml").read_text("utf-8"))
