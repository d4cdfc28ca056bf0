"""What conforming a value means, in plain Python: the judge of ``pipeline.normalize``.

``convert(value, seen, kind)`` returns the canonical value, or raises Refused with the reason;
``looked_up`` and ``ruled`` do what a mapping and a rule say. A value is a Python int, float,
Decimal, str, bytes or bool as stored; a time is its count of ``seen`` units since 1970. A
canonical datetime is its count of microseconds.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.schemas import ValueMapping

EPOCH = datetime(1970, 1, 1)
TICKS = {"s": 1_000_000, "ms": 1000, "us": 1}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?)?", re.ASCII)


class Refused(Exception):
    """Why a row cannot be represented; the argument is the reason code."""


def convert(value: Any, seen: str, kind: str) -> Any:
    if value is None:
        return None
    judge = {"int64": whole, "float64": double, "datetime": moment, "string": text, "word": told}
    return judge[kind](value, seen)


def looked_up(word: str | None, mapping: ValueMapping) -> tuple[Any, bool]:
    """Return what the word stands for, and whether it is one that the mapping does not know."""
    if word is None:
        return None, False
    value = mapping.values.get(word.strip().casefold())
    return value, value is None


def ruled(value: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if value is not None:
            value = STEPS[step](value)
    return value


STEPS: dict[str, Callable[[Any], Any]] = {
    "trim": lambda text: text.strip(),
    "upper": lambda text: "".join(c.upper() if c.isascii() else c for c in text),
    "blank_to_null": lambda text: text if text.strip() else None,
    "zero_to_null": lambda number: None if number == 0 else number,
}


def told(value: Any, seen: str) -> str | None:
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.0f}" if value % 1 == 0 else str(value)
    return str(value) if isinstance(value, int) else text(value, seen)


def whole(value: Any, seen: str) -> int | None:
    if isinstance(value, str) and parsed(value) is not None and "e" in value.lower():
        raise Refused("not_an_integer")
    number = parsed(value) if isinstance(value, str) else value
    if isinstance(number, float) and math.isnan(number):
        return None
    if isinstance(number, float) and math.isinf(number):
        raise Refused("not_an_integer")
    if number != int(number):
        raise Refused("not_an_integer")
    if not -(2**63) <= number < 2**63:
        raise Refused("out_of_range")
    return int(number)


def double(value: Any, seen: str) -> float:
    if isinstance(value, int) and abs(value) > 2**53:
        raise Refused("out_of_range")
    if isinstance(value, str):
        parsed(value)
        if math.isinf(float(value)):
            raise Refused("out_of_range")
    return float(value)


def text(value: Any, seen: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise Refused("not_utf8") from None


def moment(value: Any, seen: str) -> int:
    if isinstance(value, str):
        return parsed_moment(value)
    if seen == "date32":
        return in_years(value * 86_400_000_000)
    unit = seen.removeprefix("timestamp[").split(",")[0].rstrip("]")
    if unit == "ns":
        if value % 1000:
            raise Refused("finer_than_microseconds")
        count = in_years(value // 1000)
    else:
        count = in_years(value * TICKS[unit])
    return wall_clock(count) if "tz" in seen else count


def parsed(value: str) -> Decimal:
    if not NUMBER.fullmatch(value.strip()):
        raise Refused("unparseable_number")
    return Decimal(value.strip())


def parsed_moment(value: str) -> int:
    try:
        if not MOMENT.fullmatch(value.strip()):
            raise ValueError
        # Python has no year 0; 2000 is a leap year, as that one would have been.
        is_year_0, told = value.strip().startswith("0000"), value.strip()
        moment = datetime.fromisoformat(f"2{told[1:]}" if is_year_0 else told)
    except ValueError:
        raise Refused("unparseable_timestamp") from None
    if is_year_0:
        raise Refused("out_of_range")
    return (moment - EPOCH) // timedelta(microseconds=1)


def in_years(count: int) -> int:
    first, last = datetime.min - EPOCH, datetime.max - EPOCH
    if not first <= timedelta(microseconds=1) * min(max(count, -(10**17)), 10**18) <= last:
        raise Refused("out_of_range")
    return count


def wall_clock(count: int) -> int:
    utc = (EPOCH + timedelta(microseconds=count)).replace(tzinfo=UTC)
    local = utc.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
    return (local - EPOCH) // timedelta(microseconds=1)
