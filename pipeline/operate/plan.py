"""``tlc plan``: what a run would do, why, and what that costs.

Belongs here: the command and its words. Not here: what would be done (``survey/plan.py``), and the
estimates (``survey/cost.py``).
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.core.months import SERVICES
from pipeline.operate.output import show_json, show_lines
from pipeline.operate.range_options import services_option
from pipeline.ranges.many_months import LOADING

if TYPE_CHECKING:
    from pipeline.survey.cost import Cost
    from pipeline.survey.plan import Asked, Step

SOMETHING_TO_DO: Final = 10
"""The exit code where a run would do something."""


@click.command()
@services_option
@click.option("--start", "--since", "start", metavar="YYYY-MM", help="The first month.")
@click.option("--stop", metavar="YYYY-MM",
              help="The last month; without it, all that are published.")  # fmt: skip
@click.option("--to", type=click.Choice([*LOADING]), default="bigquery", show_default=True,
              help="Where months are to be.")  # fmt: skip
@click.option("--recheck", is_flag=True, help="Ask the publisher whether it has replaced a month.")
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def plan(
    services: tuple[str, ...],
    start: str | None,
    stop: str | None,
    to: str,
    recheck: bool,
    form: str,
) -> None:
    """Show what a run would do, and why: nothing is loaded.

    Ends with 0 where there is nothing to do, and with 10 where there is. With --service, --start
    and --stop it tells of LoadRange; with --since of LoadPublished; with neither of LoadAll.

    \b
    Example: tlc plan --service yellow --start 2021-01 --stop 2021-03
    """
    from pipeline.survey.cost import cost
    from pipeline.survey.plan import Asked, planned

    asked = Asked(to, services, start, stop)
    steps = planned(asked, recheck)
    told, costs = [step for step in steps if step.stages], cost(to, steps)
    if form == "json":
        show_json({"months": [_record(step) for step in steps], "cost": asdict(costs),
                   "next": _commands(asked, told)})  # fmt: skip
    else:
        show_lines(_page(asked, steps, costs))
    sys.exit(SOMETHING_TO_DO if told else 0)


def _record(step: "Step") -> dict[str, Any]:
    from pipeline.survey.cost import file_size

    return {
        "service": step.month.service,
        "month": step.month.key,
        "verdict": step.judged.verdict,
        "why": step.judged.why,
        "stages": step.stages,
        "file": asdict(file_size(step.month)) if step.stages else None,
    }


def _page(asked: "Asked", steps: Sequence["Step"], costs: "Cost") -> Iterator[str]:
    from pipeline.survey.verdict import Verdict

    told = [step for step in steps if step.stages]
    yield from _listed("would run", told, asked.to)
    left = [step for step in steps if not step.stages and step.judged.verdict is Verdict.STALE]
    yield from _listed("stale, and left alone by a run", left, asked.to)
    waiting = [step for step in steps if step.judged.verdict is Verdict.NOT_PUBLISHED]
    yield from _listed(
        "not published: a run asks the publisher, and ends with 20", waiting, asked.to
    )
    done = sum(step.judged.verdict is Verdict.DONE for step in steps)
    yield f"{done} of {len(steps)} months are in {asked.to} already"
    if told:
        yield from _costs(costs)
        yield from (f"next: {command}" for command in _commands(asked, told))


def _listed(heading: str, steps: Sequence["Step"], to: str) -> Iterator[str]:
    """Yield a heading and, of months that are alike, one line of what is done and one of why."""
    from pipeline.survey.mend import command
    from pipeline.survey.stretches import stretches

    found = {step.month: step for step in steps}
    if found:
        yield f"{heading}: {len(found)}"
    for stretch in stretches(found, lambda month: (found[month].stages, found[month].judged.why)):
        step = found[stretch.months[0]]
        doing = f": {', '.join(step.stages)}" if step.stages else ""
        yield f"  {stretch}{doing}"
        yield f"    {step.judged.verdict}: {step.judged.why}"
        if step.judged.verdict == "stale" and not step.stages:
            yield f"    next: {command(to, stretch, step.judged.behind)}"


def _costs(costs: "Cost") -> Iterator[str]:
    guessed = f", {costs.sized_by_rows} of them by their rows" if costs.sized_by_rows else ""
    files = "1 file" if costs.files == 1 else f"{costs.files} files"
    yield f"download  about {_size(costs.download)}: {files}{guessed}"
    room = "" if costs.disk < costs.free else "; THAT IS NOT ENOUGH"
    yield f"disk      at most {_size(costs.disk)} more, {_size(costs.free)} free{room}"
    if costs.queries:
        yield (f"BigQuery  {_size(costs.billed)} billed: load jobs are free, {costs.queries} "
               "queries of the ledger")  # fmt: skip
    yield f"time      about {_time(costs.seconds)} with one worker; {_rates(costs)}"


def _rates(costs: "Cost") -> str:
    own = f"{', '.join(costs.own_rates)} as fast as on this host lately" if costs.own_rates else ""
    other = f"{', '.join(costs.other_rates)} as measured or assumed elsewhere"
    return ", ".join(filter(None, (own, other if costs.other_rates else "")))


def _commands(asked: "Asked", told: Sequence["Step"]) -> list[str]:
    """Return the commands that do it."""
    if not told:
        return []
    to = "" if asked.to == "bigquery" else f" --to {asked.to}"
    if asked.stop is None:
        every = {*asked.services} == {*SERVICES}
        only = "" if every else f" --services {','.join(asked.services)}"
        since = f"LoadPublished --since {asked.start}" if asked.start else "LoadAll"
        return [f"luigi --module pipeline {since}{only}{to}"]
    months = {service: [step.month.key for step in told if step.month.service == service]
              for service in asked.services}  # fmt: skip
    return [f"luigi --module pipeline LoadRange --service {service} --start {min(keys)} "
            f"--stop {max(keys)}{to}" for service, keys in months.items() if keys]  # fmt: skip


def _size(told: int) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if told >= unit:
            return f"{told / unit:,.1f} {name}"
    return f"{told / 1e3:,.0f} kB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
