"""Eras in words: what sets a service's files apart from month to month.

Belongs here: the wording, shared by ``tlc schema`` and the documentation. Column names and types
stand in backticks, as in markdown. Not here: finding what changed (``schemas/changes.py``).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pipeline.schemas import Era, ServiceSchema
from pipeline.schemas.changes import EMPTY, Flip, era_changes, flips

FEW: Final = 3
"""How many columns a short text names; more are counted."""


def months_of(era: Era) -> str:
    """Return ``2009-01 to 2009-12``, ``2010-01``, or ``since 2026-06``."""
    return f"since {era.first}" if era.last is None else _range(era.first, era.last)


def what_changed(schema: ServiceSchema, era: Era) -> str:
    """Return what sets the era apart, and every difference from the era before it."""
    facts = [*_names(schema, era), *_types(schema, era), *_layout(schema, era)]
    return _sentences(era, [*facts, *map(_flip, flips(schema, era))])


def what_changed_in_short(schema: ServiceSchema, era: Era) -> str:
    """Return what sets the era apart, and which columns differ; many are counted, not named."""
    changes = era_changes(schema, era)
    retyped = _code(name for name, _, _ in changes.retyped) if changes else []
    types = _listed("of another type", retyped, FEW)
    return _sentences(era, [*_names(schema, era, FEW), *types])


def not_settled(schema: ServiceSchema) -> Iterator[str]:
    """Yield what is not known for sure, each once, with the months that it is about."""
    eras: dict[str, list[Era]] = {}
    for era in schema.eras:
        for told in era.unsettled:
            eras.setdefault(told, []).append(era)
    for told, same in eras.items():
        yield f"not settled, {', '.join(map(months_of, same))}: {told}"


def _sentences(era: Era, facts: Iterable[str]) -> str:
    return " ".join([era.about, *(f"{fact[:1].upper()}{fact[1:]}." for fact in facts)])


def _names(schema: ServiceSchema, era: Era, most: int | None = None) -> Iterator[str]:
    if changes := era_changes(schema, era):
        renamed = [f"`{old}` → `{new}`" for old, new in changes.renamed]
        yield from _listed("new", _code(changes.new), most)
        yield from _listed("gone", _code(changes.gone), most)
        yield from _listed("renamed", renamed, most)
        yield from _listed("moved", _code(changes.moved), most)


def _types(schema: ServiceSchema, era: Era) -> Iterator[str]:
    if changes := era_changes(schema, era):
        retyped = [f"`{name}` {old} → {new}" for name, old, new in changes.retyped]
        yield from _listed("other types", retyped)


def _layout(schema: ServiceSchema, era: Era) -> Iterator[str]:
    place = schema.eras.index(era)
    layout = _written(era)
    if not place or layout != _written(schema.eras[place - 1]):
        yield f"written as {layout}"


def _written(era: Era) -> str:
    groups = f"row groups of {era.row_group_rows:,}" if era.row_group_rows else "one row group"
    return f"{era.compression}, {groups}, {'with' if era.statistics else 'without'} statistics"


def _flip(flip: Flip) -> str:
    others = [
        f"{'empty' if kind == EMPTY else kind} in {', '.join(_range(*pair) for pair in pairs)}"
        for kind, pairs in flip.others.items()
    ]
    if flip.usual != EMPTY:
        return f"`{flip.name}` is {'; '.join(others)}"
    return f"`{flip.name}` is empty{', but ' if others else ''}{'; '.join(others)}"


def _listed(what: str, texts: Sequence[str], most: int | None = None) -> Iterator[str]:
    if most is not None and len(texts) > most:
        yield f"{len(texts)} columns {what}"
    elif texts:
        yield f"{what}: {', '.join(texts)}"


def _code(names: Iterable[str]) -> list[str]:
    return [f"`{name}`" for name in names]


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"
