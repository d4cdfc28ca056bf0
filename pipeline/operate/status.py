"""``tlc status``: which months are where, at a glance or one by one.

Belongs here: the command, and what it says below the grid. Not here: the grid (``grid.py``), a
month's line (``month_records.py``), and the verdicts (``survey/``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.core.months import SERVICES, TripMonth
from pipeline.operate.month_records import month_record, show_months
from pipeline.operate.output import show_json, show_lines
from pipeline.operate.range_options import services_option
from pipeline.ranges.many_months import LOADING

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline.survey.verdict import Judged, Verdict

    Months = Mapping[TripMonth, Judged]

MOST_TROUBLES: Final = 20
"""Of those that are told of below the grid; JSON has all."""


@click.command()
@click.option("--to", type=click.Choice([*LOADING]), default="bigquery", show_default=True,
              help="Where months are to be.")  # fmt: skip
@services_option
@click.option(
    "--months", "one_by_one", is_flag=True, help="A line for each month that is anywhere."
)
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def status(to: str, services: tuple[str, ...], one_by_one: bool, form: str) -> None:
    """Show every month of every year: done, stale, missing, failed or not published.

    What is failed or stale is told below, with the command that mends it. With --months, show
    what each stage holds of each month that is anywhere.

    \b
    Example: tlc status --to postgres --services yellow,green
    """
    from pipeline.survey.verdict import judged

    months = {month: seen for month, seen in judged(to).items() if month.service in services}
    if one_by_one:
        months = {month: seen for month, seen in months.items() if seen.state}
    if form == "json":
        show_json([_record(to, month, seen) for month, seen in months.items()])
    elif not one_by_one:
        show_lines(_page(to, months, services))
    elif months:
        show_months([month_record(month, seen.state) for month, seen in months.items()])
    else:
        click.echo(f"no month yet; next: {_first(to, services)}")


def _record(to: str, month: TripMonth, seen: "Judged") -> dict[str, Any]:
    told = {"to": to, "verdict": seen.verdict, "why": seen.why, "next": _next(to, month, seen)}
    return month_record(month, seen.state) | told


def _next(to: str, month: TripMonth, seen: "Judged") -> str | None:
    from pipeline.survey.mend import command
    from pipeline.survey.stretches import Stretch
    from pipeline.survey.verdict import Verdict

    is_well = seen.verdict in (Verdict.DONE, Verdict.NOT_PUBLISHED)
    return None if is_well else command(to, Stretch((month,)), seen.behind)


def _page(to: str, months: "Months", services: Sequence[str]) -> "Iterator[str | Text]":
    from pipeline.operate.grid import grid
    from pipeline.survey.verdict import Verdict

    yield from grid(months, services)
    yield ""
    troubles = [*_troubles(to, months, Verdict.FAILED), *_troubles(to, months, Verdict.STALE)]
    for lines in troubles[:MOST_TROUBLES]:
        yield from lines
    if len(troubles) > MOST_TROUBLES:
        yield f"and {len(troubles) - MOST_TROUBLES} more: tlc status --to {to} --format json"
    if missing := sum(seen.verdict is Verdict.MISSING for seen in months.values()):
        yield f"{missing} missing; next: {_load_all(to, months, services)}"


def _troubles(to: str, months: "Months", verdict: "Verdict") -> "Iterator[list[Text]]":
    """Yield what is said of months that are failed or stale, the newest first."""
    from rich.text import Text

    from pipeline.operate.grid import SYMBOLS
    from pipeline.survey.mend import command
    from pipeline.survey.stretches import stretches

    bad = [month for month, seen in months.items() if seen.verdict is verdict]
    symbol, style = SYMBOLS[verdict]
    found = stretches(bad, alike=lambda month: months[month].why)
    for stretch in sorted(found, key=lambda each: each.months[-1].first_day, reverse=True):
        heading = Text(f"{symbol} {verdict} ", style)
        seen = months[stretch.months[0]]
        yield [
            heading.append(f"{stretch}: {seen.why}", "default not bold"),
            Text(f"  next: {command(to, stretch, seen.behind)}"),
        ]


def _load_all(to: str, months: "Months", services: Sequence[str]) -> str:
    if not any(seen.state for seen in months.values()):
        return _first(to, services)
    only = "" if {*services} == {*SERVICES} else f" --services {','.join(services)}"
    return f"luigi --module pipeline LoadAll{only}" + ("" if to == "bigquery" else f" --to {to}")


def _first(to: str, services: Sequence[str]) -> str:
    from pipeline.survey.mend import command
    from pipeline.survey.stretches import Stretch

    return command(to, Stretch((TripMonth(services[0], 2021, 1),)))
