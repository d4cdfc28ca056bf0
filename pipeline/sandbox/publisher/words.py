"""Say in words what the files of 2009 and 2010 have words for and later ones a code.

Belongs here: the choice of a word for each value. Not here: what the words mean; they are those of
``schemas/values.toml``, turned round.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from pipeline.sandbox.publisher.draws import Values
from pipeline.schemas import ValueMapping

UNKNOWN: Final = 99
"""The code that is published as a word which no table knows."""

UNKNOWN_WORD: Final = "UNK"

FORMS: Final[Mapping[str, Sequence[Callable[[str], str]]]] = {
    "payment": (str.upper, lambda word: f"{word.title():<3}"),
}
"""How the words of a mapping are written, ``No `` with a blank; else in capitals alone."""


def worded(
    values: Values, texts: Sequence[str] | None, mapping: ValueMapping, turn: Values
) -> tuple[Values, list[str]]:
    """Return numbers, and the words that they stand for; -1 is none.

    ``values`` are codes, or numbers that stand for ``texts``. Where a value has several words,
    ``turn`` chooses: rows that are equal have the same one.
    """
    numbers = np.full(len(values), -1)
    words: list[str] = []
    for meaning, spellings in _spellings(mapping).items():
        rows = np.flatnonzero(values == (meaning if texts is None else texts.index(meaning)))
        numbers[rows] = len(words) + turn[rows] % len(spellings)
        words += spellings
    numbers[values == UNKNOWN] = len(words)
    return numbers, [*words, UNKNOWN_WORD]


@cache
def _spellings(mapping: ValueMapping) -> dict[Any, list[str]]:
    """Return all words, in all forms, that stand for each value."""
    spellings: dict[Any, list[str]] = {}
    for word, meaning in mapping.values.items():
        forms = dict.fromkeys(form(word) for form in FORMS.get(mapping.name, (str.upper,)))
        spellings.setdefault(meaning, []).extend(forms)
    return spellings
