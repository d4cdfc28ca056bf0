"""How a command is told which services it is about: ``--services yellow,green``, as the tasks are.

Belongs here: the options that such commands share. Not here: the commands.
"""

import click

from pipeline.core.months import SERVICES
from pipeline.ranges.asked import known_services


def _split(context: click.Context, option: click.Parameter, told: str) -> tuple[str, ...]:
    return tuple(known_services([name.strip() for name in told.split(",")]))


services_option = click.option(
    "--service", "--services", "services", default=",".join(SERVICES), callback=_split,
    show_default="all", help="Which services, with commas between.",
)  # fmt: skip
