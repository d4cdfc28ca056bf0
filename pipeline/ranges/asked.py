"""How months and services are named to a task about many, and what cannot be meant.

Belongs here: the parameters' forms, and their judgement. Not here: what is published, or there.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import luigi

from pipeline.core.errors import BadRequest
from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth


class Names(luigi.Parameter[tuple[str, ...]]):
    """A list: ``1,2,3`` on a command line, in Python also any iterable. Judged by its task."""

    def normalize(self, x: Any) -> tuple[str, ...]:
        """Return the names without the blanks around them."""
        return tuple(str(name).strip() for name in (x.split(",") if isinstance(x, str) else x))

    def serialize(self, x: tuple[str, ...]) -> str:
        """Return the list as a command line has it."""
        return ",".join(x)


class MonthKey(luigi.Parameter[str]):
    """A month: ``2021-01`` on a command line, in Python also a date. Judged by its task."""

    def normalize(self, x: Any) -> str:
        """Return the month as text."""
        return f"{x:%Y-%m}" if isinstance(x, date) else str(x).strip()


class MonthCount(luigi.Parameter[str]):
    """A number of months: ``3`` on a command line, in Python also an int. Judged by its task."""

    def normalize(self, x: Any) -> str:
        """Return the number as text."""
        return str(x).strip()


def known_count(count: str) -> int:
    """Return the number; raise BadRequest where it is none, or negative."""
    if not re.fullmatch("[0-9]{1,4}", count):
        raise BadRequest(
            "no number of months",
            seen=repr(count),
            expected="0 or more, e.g. 3",
            next_step="pass --recheck-months with such a number",
        )
    return int(count)


def named_months(service: str, year: int, months: Sequence[str]) -> list[TripMonth]:
    """Return the months of a year; raise BadRequest where there can be none, or one is twice."""
    if not months or not all(re.fullmatch("[0-9]{1,2}", month) for month in months):
        raise BadRequest(
            "no list of months",
            seen=repr(",".join(months)),
            expected="numbers with commas between, e.g. 1,2,3",
            next_step="pass --months with such a list",
        )
    named = [TripMonth(service, year, int(month)) for month in months]
    _refuse_twice("months", [month.key for month in named])
    return named


def ordered_months(first: TripMonth, last: TripMonth, today: date) -> list[TripMonth]:
    """Return the months of a range; raise BadRequest where it is none."""
    if first > last:
        raise BadRequest(
            "the range ends before it begins",
            seen=f"--start {first.key} --stop {last.key}",
            expected="--start no later than --stop",
        )
    if last.year > today.year + 1:
        # Thousands of months that are not published yet, each with a line of its own.
        raise BadRequest(
            "the range ends far in the future",
            seen=f"--stop {last.key}",
            expected=f"{today.year + 1}-12 or earlier",
        )
    return between(first, last)


def known_services(services: Sequence[str]) -> Sequence[str]:
    """Return the services; raise BadRequest where one is unknown or twice."""
    for service in services or ("",):
        if service not in SERVICES:
            raise BadRequest(
                "unknown service",
                seen=repr(service),
                expected=", ".join(SERVICES),
                next_step="pass --services with some of these, commas between",
            )
    _refuse_twice("services", services)
    return services


def known_key(key: str) -> str:
    """Return the month as months are compared; raise BadRequest where no service had it."""
    oldest = min(SERVICES, key=lambda service: FIRST_MONTHS[service])
    return TripMonth.parse(oldest, key).key


def between(first: TripMonth, last: TripMonth) -> list[TripMonth]:
    """Return the months of a service from one to another, both included."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [TripMonth(first.service, number // 12, number % 12 + 1) for number in numbers]


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest(f"{what} named twice", seen=", ".join(twice), expected="each once")
