"""One page of a listing: prefix, delimiter, offsets and paging over names in order.

Belongs here: the arithmetic of pages, over any ordered rows. Not here: where the rows come from.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pipeline.sandbox.http import Invalid
from pipeline.sandbox.storage.preconditions import Resource, whole_number

MAX_RESULTS: Final = 1000
Entry = tuple[str, int]
"""A name and its generation; a group of names (a "prefix") has generation 0."""


@dataclass(frozen=True)
class ListQuery:
    """What is listed. ``after`` is the last entry of the page before."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str | None = None
    versions: bool = False
    max_results: int = MAX_RESULTS
    after: Entry = ("", 0)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "ListQuery":
        """Return what a request's query asks for; raise Invalid on a malformed option."""
        wanted = whole_number(query, "maxResults")
        if wanted == 0:
            raise Invalid("Invalid value for maxResults: must be positive")
        return cls(
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            start=query.get("startOffset", ""),
            end=query.get("endOffset") or None,
            versions=query.get("versions", "").lower() == "true",
            max_results=min(wanted or MAX_RESULTS, MAX_RESULTS),
            after=_read_token(query["pageToken"]) if query.get("pageToken") else ("", 0),
        )

    @property
    def first_name(self) -> str:
        """The least name that this page can hold."""
        return max(self.prefix, self.start, self.after[0])

    def entry(self, name: str, generation: int) -> Entry:
        """Return what a name is listed as: itself, or the group that it belongs to."""
        cut = name.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
        return (name, generation) if cut < 0 else (name[: cut + len(self.delimiter)], 0)


@dataclass
class Page:
    """A page of a listing; ``next_token`` is None on the last."""

    items: list[Resource] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def page(rows: Iterable[tuple[str, int, str]], query: ListQuery) -> Page:
    """Return a page of ``rows`` (name, generation, resource as JSON), ordered by both."""
    found = list(islice(_entries(rows, query), query.max_results + 1))
    result = Page()
    for (name, generation), resource in found[: query.max_results]:
        if generation:
            result.items.append(json.loads(resource))
        else:
            result.prefixes.append(name)
    if len(found) > query.max_results:
        result.next_token = _token(found[query.max_results - 1][0])
    return result


def _entries(rows: Iterable[tuple[str, int, str]], query: ListQuery) -> Iterator[tuple[Entry, str]]:
    last = query.after
    for name, generation, resource in rows:
        if not name.startswith(query.prefix) or (query.end is not None and name >= query.end):
            return
        entry = query.entry(name, generation)
        if entry > last:
            yield entry, resource
            last = entry


def _token(entry: Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps(entry).encode()).decode()


def _read_token(token: str) -> Entry:
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(token))
        return str(name), int(generation)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid(f"Invalid value for pageToken: {token!r}") from error
