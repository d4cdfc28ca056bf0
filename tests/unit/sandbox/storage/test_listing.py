"""A listing in pages says what sorting and grouping all the names would say."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sandbox.storage.listing import ListQuery, page

names = st.text("a/é", min_size=1, max_size=5)


def expected(present: set[str], query: ListQuery) -> tuple[list[str], list[str]]:
    items, groups = [], set()
    for name in sorted(present, key=str.encode):
        late_enough = query.start <= name and (query.end is None or name < query.end)
        if not name.startswith(query.prefix) or not late_enough:
            continue
        head, found, _ = name[len(query.prefix) :].partition(query.delimiter or "\0")
        if found:
            groups.add(query.prefix + head + found)
        else:
            items.append(name)
    return items, sorted(groups)


@given(
    present=st.sets(names),
    prefix=st.text("a/", max_size=2),
    delimiter=st.sampled_from(["", "/", "a"]),
    start=st.text("a/é", max_size=2),
    end=st.none() | names,
    size=st.integers(1, 4),
)
def test_pages_of_any_size_give_the_whole_listing(
    present: set[str], prefix: str, delimiter: str, start: str, end: str | None, size: int
) -> None:
    first = ListQuery(prefix, delimiter, start, end, max_results=size)
    items: list[str] = []
    groups: list[str] = []
    query = first
    while True:
        rows = [(name, 1, json.dumps(name)) for name in sorted(present) if name >= query.first_name]
        found = page(rows, query)
        assert len(found.items) + len(found.prefixes) <= size
        items += found.items  # type: ignore[arg-type]
        groups += found.prefixes
        if found.next_token is None:
            break
        query = replace(first, after=ListQuery.from_query({"pageToken": found.next_token}).after)
    assert (items, groups) == expected(present, first)


def test_every_generation_is_listed_once_over_pages() -> None:
    rows = [("a", 1, '"a1"'), ("a", 2, '"a2"'), ("b", 3, '"b3"')]
    first = page(rows, ListQuery(versions=True, max_results=1))
    token = {"pageToken": str(first.next_token), "versions": "true"}
    assert (first.items, page(rows, ListQuery.from_query(token)).items) == (["a1"], ["a2", "b3"])
