"""What a published value stands for, where a cast alone does not say: mappings and rules, applied.

Belongs here: applying them to arrays. Not here: what they are (``schemas/values.toml``) and casts
(``cast.py``).
"""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schemas import Rule, ValueMapping
from pipeline.schemas.values import word


def mapped(
    words: pa.Array, mapping: ValueMapping, target: pa.DataType
) -> tuple[pa.Array, Counter[str]]:
    """Return the values of ``target`` that strings stand for, and how often each unknown one is.

    An unknown word becomes null. Null stays null, and is no unknown word. A column has few
    different words: each is looked up once, not per row.
    """
    encoded = words.dictionary_encode()
    published = encoded.dictionary.to_pylist()
    known = [mapping.values.get(word(text)) for text in published]
    values = pa.array(known, target).take(encoded.indices)
    if values.null_count == words.null_count:
        return values, Counter()
    times = np.bincount(encoded.indices.drop_null().to_numpy(), minlength=len(known)).tolist()
    told = zip(published, known, times, strict=True)
    return values, Counter({text: count for text, value, count in told if value is None})


def ruled(values: pa.Array, rule: Rule) -> pa.Array:
    """Return canonical values with the steps of ``rule`` done to them, one after another."""
    return reduce(lambda done, step: STEPS[step](done), rule.steps, values)


def _blank_to_null(values: pa.Array) -> pa.Array:
    is_empty = pc.equal(pc.binary_length(values), 0)
    return _null_where(pc.or_(is_empty, pc.utf8_is_space(values)), values)


def _zero_to_null(values: pa.Array) -> pa.Array:
    return _null_where(pc.equal(values, 0), values)


def _null_where(mask: pa.BooleanArray, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, pa.scalar(None, values.type), values) if mask.true_count else values


STEPS: Final[dict[str, Callable[[pa.Array], pa.Array]]] = {
    "trim": pc.utf8_trim_whitespace,
    "upper": pc.ascii_upper,
    "blank_to_null": _blank_to_null,
    "zero_to_null": _zero_to_null,
}
