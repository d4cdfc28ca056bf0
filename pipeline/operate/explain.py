"""``tlc explain``: all that is known of one month, on one page.

Belongs here: the command and its words. Not here: what is known (``survey/explanation.py``).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.core.errors import one_line
from pipeline.operate.month_argument import month_argument
from pipeline.operate.output import show_json, show_lines

if TYPE_CHECKING:
    from pipeline.core.months import TripMonth
    from pipeline.survey.explanation import Section

MARGIN: Final = 20
HIDDEN: Final = ("service", "month", "link")
"""What a line of a list leaves to JSON: the page is about one month."""

NUMBERS_BY_NAME: Final = ("generation", "load")
"""Numbers that are names: nobody counts them."""


@click.command()
@month_argument
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def explain(month: "TripMonth", form: str) -> None:
    """Show all that is known of a month: where it came from, what became of it, where it is.

    Asks the lake, BigQuery and Postgres; of the publisher it shows what was last seen.

    \b
    Example: tlc explain yellow 2021-01
    """
    from pipeline.survey.explanation import explanation

    told = explanation(month)
    if form == "json":
        show_json({"service": month.service, "month": month.key, **told})
    else:
        show_lines(_page(month, told))


def _page(month: "TripMonth", told: "Mapping[str, Section]") -> Iterator[str]:
    yield str(month)
    for name, section in told.items():
        if section:
            yield ""
            yield name
            yield from _listed(section) if isinstance(section, Sequence) else _facts(section)
    if empty := [name for name, section in told.items() if not section]:
        yield ""
        yield f"nothing is known of: {', '.join(empty)}"


def _facts(section: Mapping[str, Any]) -> Iterator[str]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {_text(each)}" for key, each in value.items())
        if value not in (None, ""):
            told = str(value) if name in NUMBERS_BY_NAME else _text(value)
            yield f"  {name.replace('_', ' '):<{MARGIN}} {told}"


def _listed(section: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield an entry's line; what is to be done next has its own."""
    for entry in section:
        words = [f"{_text(value)} {name}" if isinstance(value, int | float) else _text(value)
                 for name, value in entry.items()
                 if value not in (None, "") and name not in (*HIDDEN, "next")]  # fmt: skip
        yield f"  {'  '.join(words)}"
        if following := entry.get("next"):
            yield f"    next: {following}"


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else one_line(str(value))
