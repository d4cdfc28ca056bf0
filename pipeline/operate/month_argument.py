"""How a command is told which month it is about: ``yellow 2021-01``, as messages print it.

Belongs here: the arguments that such commands share. Not here: the commands.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from pipeline.core.months import SERVICES, TripMonth


def month_argument(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments ``SERVICE YYYY-MM``, and hand it the month as ``month``.

    The command raises BadRequest where there can be no such month.
    """

    @click.argument("service", type=click.Choice(SERVICES), metavar="SERVICE")
    @click.argument("key", metavar="YYYY-MM")
    @wraps(command)
    def about(service: str, key: str, **options: Any) -> None:
        command(month=TripMonth.parse(service, key), **options)

    return about
