"""``tlc diff``: what the newest replacement of a month has changed.

Belongs here: the command and its words. Not here: comparing (``diff/``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.operate.month_argument import month_argument
from pipeline.operate.output import show, show_json

if TYPE_CHECKING:
    from pipeline.core.months import TripMonth
    from pipeline.diff.content import Change, Content
    from pipeline.diff.difference import Difference
    from pipeline.diff.versions import Version

COLUMNS: Final = ("", "before", "after", "change")
FACTS: Final = {
    "rows": "rows_kept",
    "quarantined": "rows_quarantined",
    "bytes as published": "source_bytes",
    "ETag": "source_etag",
    "Last-Modified": "source_last_modified",
    "published at": "source_url",
    "sha256": "source_sha256",
    "schema": "schema_version",
    "added columns": "added_columns",
}
"""What the records tell, by what it is called; all but the first where it differs."""
MOST_GROUPS: Final = 5
"""Days, and zones, that are shown of those that differ; JSON has all of them."""


@click.command()
@month_argument
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def diff(month: "TripMonth", form: str) -> None:
    """Show what has changed in a month that TLC has published again.

    Compares its two newest versions: rows, sums, columns, and the days and zones of the pickup
    that differ. Where the lake's bucket keeps no versions, what the ledgers tell of both.

    \b
    Example: tlc diff green 2026-06
    """
    from pipeline.diff.difference import difference

    found = difference(month)
    if form == "json":
        show_json(None if found is None else _record(found))
    elif found is None:
        click.echo(f"{month}: no second version is known; nothing was replaced")
    else:
        _show(found)


def _record(found: "Difference") -> dict[str, Any]:
    from pipeline.diff.difference import summarized

    content = found.content
    return {
        "service": found.month.service,
        "month": found.month.key,
        "summary": summarized(found),
        "before": _version(found.before),
        "after": _version(found.after),
        "content": None if content is None else asdict(content),
        "why": found.why,
    }


def _version(version: "Version") -> dict[str, Any]:
    stored = version.stored
    return {
        **asdict(version.provenance),
        "known_by": version.known_by,
        "loaded_at": version.loaded_at,
        "object": f"{stored.uri}#{stored.generation}" if stored else None,
    }


def _show(found: "Difference") -> None:
    rows = [*_facts(found), *(_of_content(found.content) if found.content else ())]
    show(COLUMNS, rows, "table")
    for line in _remarks(found):
        click.echo(line)


def _facts(found: "Difference") -> Iterator[Sequence[Any]]:
    for told, name in FACTS.items():
        before, after = (getattr(version.provenance, name)
                         for version in (found.before, found.after))  # fmt: skip
        if before != after or told == "rows":
            yield told, _short(before), _short(after), _grown(before, after)
    yield from _counts(found)
    dates = [version.loaded_at for version in (found.before, found.after)]
    if any(dates):
        yield "loaded at", *(f"{date:%Y-%m-%d %H:%M}" if date else None for date in dates), None


def _counts(found: "Difference") -> Iterator[Sequence[Any]]:
    """Yield each count of odd rows that differs, where both versions were counted."""
    before, after = (version.provenance.counted() for version in (found.before, found.after))
    if before is None or after is None:
        return
    for name in sorted(before | after):
        counts = before.get(name, 0), after.get(name, 0)
        if counts[0] != counts[1]:
            yield name.replace("_", " "), *counts, _grown(*counts)


def _of_content(content: "Content") -> Iterator[Sequence[Any]]:
    yield from map(_cells, (_named("sum of {}", change) for change in content.sums))
    for group, changes in (("{}", content.days), ("zone {}", content.zones)):
        yield from (_cells(_named(f"rows, {group}", change)) for change in changes[:MOST_GROUPS])


def _remarks(found: "Difference") -> Iterator[str]:
    content = found.content
    if content is None:
        yield str(found.why)
        return
    for told, names in (
        ("columns gained", content.gained),
        ("columns lost", content.lost),
        ("other values also in", content.others),
    ):
        if names:
            yield f"{told}: {', '.join(names)}"
    for told, groups in (("days", content.days), ("zones", content.zones)):
        if len(groups) > MOST_GROUPS:
            yield f"{len(groups)} {told} differ; --format json has all of them"
    if not any(vars(content).values()):
        yield "the rows are the same"


def _named(form: str, change: "Change") -> "Change":
    from dataclasses import replace

    return replace(change, name=form.format(change.name))


def _cells(change: "Change") -> Sequence[Any]:
    return change.name, change.before, change.after, _grown(change.before, change.after)


def _grown(before: Any, after: Any) -> str | None:
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return None
    return f"{after - before:+,.10g}" if after != before else "same"


def _short(value: Any) -> Any:
    return value[:12] if isinstance(value, str) and len(value) == 64 else value
