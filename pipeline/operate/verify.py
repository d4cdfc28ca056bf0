"""``tlc verify``: whether what is where agrees, and how to mend what does not.

Belongs here: the command and what it prints. Not here: what is compared (``pipeline/verify``).
"""

import sys
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.operate.output import bar, show_json
from pipeline.operate.range_options import services_option

if TYPE_CHECKING:
    from pipeline.verify.finding import Finding, Meant

DISAGREES: Final = 10
"""The exit code where something disagrees."""


@click.command()
@services_option
@click.option("--start", metavar="YYYY-MM", help="The first month; without it, from the first on.")
@click.option("--stop", metavar="YYYY-MM", help="The last month; without it, up to the last.")
@click.option(
    "--values", "with_values", is_flag=True, help="Also compare sums and counts of every column."
)
@click.option(
    "--format", "form", type=click.Choice(("lines", "json")), default="lines", show_default=True
)
def verify(
    services: tuple[str, ...], start: str | None, stop: str | None, with_values: bool, form: str
) -> None:
    """Read counts and checksums again at every stage, and compare them: nothing is loaded.

    Of all months that any stage holds, or of those that are named. Each disagreement is a line
    that ends with the command that mends it; where there are several, run them in that order. Ends
    with 0 where all agrees, and with 10 where something does not.

    \b
    Example: tlc verify --service yellow --start 2021-01 --stop 2021-03
    """
    from pipeline.verify.months import findings, read

    everything = read(_meant(services, start, stop))
    with bar("verified", len(everything.states)) as tell:
        found = [*findings(everything, tell, with_values=with_values)]
    if form == "json":
        show_json([*map(_record, found)])
    else:
        for finding in found:
            click.echo(finding)
        click.echo(_summary(len(everything.states), found), err=bool(found))
    sys.exit(DISAGREES if found else 0)


def _meant(services: tuple[str, ...], start: str | None, stop: str | None) -> "Meant":
    from pipeline.ranges.asked import known_key
    from pipeline.verify.finding import Meant

    keys = {"first": start, "last": stop}
    days = {name: date.fromisoformat(f"{known_key(key)}-01") for name, key in keys.items() if key}
    return Meant(services, **days)


def _summary(months: int, found: "list[Finding]") -> str:
    number = "1 month" if months == 1 else f"{months} months"
    if not months and not found:
        return "nothing to read: none of these months is anywhere; next: tlc plan"
    if not found:
        return f"{number} agree{'s' if months == 1 else ''} at every stage"
    return f"{number}, {len({finding.subject for finding in found})} with disagreements"


def _record(finding: "Finding") -> dict[str, Any]:
    from pipeline.core.months import TripMonth

    subject = finding.subject
    is_month = isinstance(subject, TripMonth)
    return {
        "service": subject.service if isinstance(subject, TripMonth) else None,
        "month": subject.key if isinstance(subject, TripMonth) else None,
        "what": None if is_month else subject,
        "stage": finding.stage,
        "seen": finding.seen,
        "expected": finding.expected,
        "next": finding.mend,
    }
