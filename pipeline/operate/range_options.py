"""How a command is told which services it is about: ``--services yellow,green``, as the tasks are.

Belongs here: the options that such commands share. Not here: the commands.
"""

import click

from pipeline.core.months import SERVICES


def _split(context: click.Context, option: click.Parameter, told: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in told.split(","))
    if unknown := [name for name in names if name not in SERVICES]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(SERVICES)}.")
    return tuple(dict.fromkeys(names))


services_option = click.option(
    "--service", "--services", "services", default=",".join(SERVICES), callback=_split,
    show_default="all", help="Which services, with commas between.",
)  # fmt: skip
