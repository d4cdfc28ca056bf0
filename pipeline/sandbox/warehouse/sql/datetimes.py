"""Dates and times: parts, arithmetic, differences, truncation, now.

Belongs here: functions of DATE, DATETIME and TIMESTAMP. Not here: formats (``formats.py``).
"""

from collections.abc import Callable

from sqlglot import exp

from pipeline.sandbox.http import NotImplementedHere
from pipeline.sandbox.warehouse.sql.calls import Call, Rewrite
from pipeline.sandbox.warehouse.sql.dialect import duck
from pipeline.sandbox.warehouse.sql.errors import invalid_query

_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_CLOCK_PARTS = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
_CALENDAR_PARTS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_MICROSECONDS = {
    "MICROSECOND": 1,
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
_STORED = {"DATE": "DATE", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ"}
_EXTRACTED = {
    "DAYOFWEEK": "extract(dow FROM {0}) + 1",
    "WEEK": "CAST(strftime({0}, '%U') AS BIGINT)",
    "ISOWEEK": "extract(week FROM {0})",
    "DATE": "CAST({0} AS DATE)",
    "MILLISECOND": "extract(millisecond FROM {0}) % 1000",
    "MICROSECOND": "extract(microsecond FROM {0}) % 1000000",
} | {
    part: f"extract({part.lower()} FROM {{0}})"
    for part in (
        "DAY",
        "DAYOFYEAR",
        "MONTH",
        "QUARTER",
        "YEAR",
        "ISOYEAR",
        "HOUR",
        "MINUTE",
        "SECOND",
    )
}


def part_of(node: exp.Expression) -> str:
    """Return the date part a GoogleSQL argument names: ``MONTH``, ``WEEK(MONDAY)``."""
    if isinstance(node, exp.Anonymous) and len(node.expressions) == 1:
        return f"{node.name}({node.expressions[0].name})".upper()
    return node.name.upper()


def _week_offset(part: str) -> int | None:
    """Days by which weeks of ``part`` begin before Monday; None for other parts."""
    if part == "ISOWEEK":
        return 0
    day = "SUNDAY" if part == "WEEK" else part.removeprefix("WEEK(").removesuffix(")")
    return (7 - _WEEKDAYS.index(day)) % 7 if day in _WEEKDAYS else None


def _truncated(operand: exp.Expression, part: str) -> exp.Expression:
    """Return ``operand`` at the beginning of its part, still of its own type."""
    offset = _week_offset(part)
    if offset is not None:
        shifted = f"date_trunc('week', {{0}} + to_days({offset})) - to_days({offset})"
        return duck(f"cast_to_type({shifted}, {{0}})", operand)
    if part not in _CALENDAR_PARTS + _CLOCK_PARTS:
        raise NotImplementedHere(f"the date part {part}")
    return duck(f"cast_to_type(date_trunc('{part.lower()}', {{0}}), {{0}})", operand)


def _typed(operand: exp.Expression, type_: str) -> exp.Expression:
    """A string literal takes the type that the function wants; anything else keeps its own."""
    if isinstance(operand, exp.Literal) and operand.is_string:
        return duck(f"CAST({{0}} AS {_STORED[type_]})", operand)
    return operand


def _type_named(call: Call) -> str:
    return call.name.partition("_")[0]


def _trunc(call: Call) -> exp.Expression:
    call.takes(2)
    part, type_ = part_of(call.args[1]), _type_named(call)
    if type_ == "DATE" and part in _CLOCK_PARTS:
        call.refuse(f"to {part}")
    return _truncated(_typed(call.arg(0), type_), part)


def _add(sign: str) -> Callable[[Call], exp.Expression]:
    def build(call: Call) -> exp.Expression:
        call.takes(2)
        type_, span = _type_named(call), call.args[1]
        if not isinstance(span, exp.Interval):
            raise invalid_query(f"{call.name} needs INTERVAL as its second argument")
        part = part_of(span.args["unit"])
        if type_ == "DATE" and part in _CLOCK_PARTS:
            call.refuse(f"of {part}")
        if type_ == "TIMESTAMP" and part not in _MICROSECONDS:
            raise invalid_query(f"{call.name} does not support the {part} date part")
        operand = _typed(call.arg(0), type_)
        return duck(f"cast_to_type({{0}} {sign} {{1}}, {{0}})", operand, call.arg(1))

    return build


def interval(node: exp.Interval, rewrite: Rewrite) -> exp.Expression:
    """Return ``INTERVAL n PART`` as DuckDB's ``to_parts(n)``."""
    part = part_of(node.args["unit"]) if node.args.get("unit") else ""
    if part not in _CALENDAR_PARTS + _CLOCK_PARTS:
        raise NotImplementedHere(f"{node.sql(dialect='bigquery')}")
    count = node.this
    if isinstance(count, exp.Literal) and count.is_string:
        if not count.name.lstrip("-").isdigit():
            raise NotImplementedHere(f"{node.sql(dialect='bigquery')}")
        count = exp.Literal.number(count.name)
    wide = "BIGINT" if part in _CLOCK_PARTS else "INTEGER"
    return duck(f"to_{part.lower()}s(CAST({{0}} AS {wide}))", rewrite(count.copy()))


def _civil_diff(call: Call) -> exp.Expression:
    """DATE_DIFF and DATETIME_DIFF count the boundaries between the two."""
    call.takes(3)
    part, type_ = part_of(call.args[2]), _type_named(call)
    later, earlier = call.arg(0), call.arg(1)
    if part in _CLOCK_PARTS:
        if type_ == "DATE":
            call.refuse(f"in {part}")
        template = (
            f"date_diff('{part.lower()}', CAST({{1}} AS TIMESTAMP), CAST({{0}} AS TIMESTAMP))"
        )
        return duck(template, later, earlier)
    later, earlier = (duck("CAST({0} AS DATE)", moment) for moment in (later, earlier))
    if _week_offset(part) is not None:
        template = "(date_diff('day', {1}, {0}) // 7)"
        return duck(template, _truncated(later, part), _truncated(earlier, part))
    if part not in _CALENDAR_PARTS:
        raise NotImplementedHere(f"{call.name} in {part}")
    return duck(f"date_diff('{part.lower()}', {{1}}, {{0}})", later, earlier)


def _timestamp_diff(call: Call) -> exp.Expression:
    """TIMESTAMP_DIFF counts whole elapsed parts, toward zero."""
    call.takes(3)
    part = part_of(call.args[2])
    if part not in _MICROSECONDS:
        raise invalid_query(f"TIMESTAMP_DIFF does not support the {part} date part")
    micros = "epoch_us(CAST({%d} AS TIMESTAMPTZ))"
    return duck(
        f"(({micros % 0} - {micros % 1}) // {_MICROSECONDS[part]})", call.arg(0), call.arg(1)
    )


def extract(node: exp.Extract, rewrite: Rewrite) -> exp.Expression:
    """Return ``EXTRACT(part FROM x [AT TIME ZONE z])``."""
    part, moment = part_of(node.this), node.expression
    if isinstance(moment, exp.AtTimeZone):
        template = "(CAST({0} AS TIMESTAMPTZ) AT TIME ZONE {1})"
        operand: exp.Expression = duck(template, rewrite(moment.this), rewrite(moment.args["zone"]))
    else:
        operand = rewrite(moment.copy())
    if part in _EXTRACTED:
        return duck(f"({_EXTRACTED[part]})", operand)
    raise NotImplementedHere(f"EXTRACT({part} FROM ...)")


def _constructed(type_: str) -> Callable[[Call], exp.Expression]:
    """DATE(...), DATETIME(...), TIMESTAMP(...): from parts, from another type, in a zone."""

    def build(call: Call) -> exp.Expression:
        arguments = call.all()
        if type_ == "DATE" and len(arguments) == 3:
            return duck("make_date({0}, {1}, {2})", *arguments)
        if type_ == "DATETIME" and len(arguments) == 6:
            template = "make_timestamp({0}, {1}, {2}, {3}, {4}, CAST({5} AS DOUBLE))"
            return duck(template, *arguments)
        call.takes(1, 2)
        if len(arguments) == 1:
            return duck(f"CAST({{0}} AS {_STORED[type_]})", *arguments)
        return _in_zone(call, type_)

    return build


def _in_zone(call: Call, type_: str) -> exp.Expression:
    call.text(1)
    if type_ == "TIMESTAMP":
        return duck("(CAST({0} AS TIMESTAMP) AT TIME ZONE {1})", *call.all())
    local = duck("(CAST({0} AS TIMESTAMPTZ) AT TIME ZONE {1})", *call.all())
    return duck(f"CAST({{0}} AS {_STORED[type_]})", local)


def _now(type_: str) -> Callable[[Call], exp.Expression]:
    def build(call: Call) -> exp.Expression:
        call.takes(*((0,) if type_ == "TIMESTAMP" else (0, 1)))
        zone = call.text(0) if call.args else "UTC"
        if type_ == "TIMESTAMP":
            return duck("now()")
        local = duck("(now() AT TIME ZONE {0})", exp.Literal.string(zone))
        return duck(f"CAST({{0}} AS {_STORED[type_]})", local)

    return build


def _date_array(call: Call) -> exp.Expression:
    """Every date is the first plus n intervals: steps from month end to month end would drift."""
    call.takes(2, 3)
    first, last = (duck("CAST({0} AS DATE)", call.arg(position)) for position in (0, 1))
    step = call.args[2] if len(call.args) == 3 else exp.Interval(
        this=exp.Literal.string("1"), unit=exp.var("DAY")
    )  # fmt: skip
    if not isinstance(step, exp.Interval) or not isinstance(step.this, exp.Literal):
        call.refuse("with a step that is not a literal INTERVAL")
    part, count = part_of(step.args["unit"]), int(step.this.name)
    if part not in _CALENDAR_PARTS or count < 1:
        call.refuse(f"by {step.sql(dialect='bigquery')}")
    steps = f"range(0, date_diff('{part.lower()}', {{0}}, {{1}}) + 1, {count})"
    date = f"CAST({{0}} + to_{part.lower()}s(CAST(n AS INTEGER)) AS DATE)"
    dates = f"list_transform({steps}, lambda n: {date})"
    return duck(f"list_filter({dates}, lambda date: date <= {{1}})", first, last)


def _last_day(call: Call) -> exp.Expression:
    call.takes(1, 2)
    if len(call.args) == 2 and part_of(call.args[1]) != "MONTH":
        call.refuse(f"of {part_of(call.args[1])}")
    return duck("last_day(CAST({0} AS DATE))", call.arg(0))


def _one(template: str) -> Callable[[Call], exp.Expression]:
    def build(call: Call) -> exp.Expression:
        call.takes(1)
        return duck(template, *call.all())

    return build


BUILDERS: dict[str, Callable[[Call], exp.Expression]] = {
    **{f"{type_}_TRUNC": _trunc for type_ in _STORED},
    **{f"{type_}_ADD": _add("+") for type_ in _STORED},
    **{f"{type_}_SUB": _add("-") for type_ in _STORED},
    **{type_: _constructed(type_) for type_ in _STORED},
    **{f"CURRENT_{type_}": _now(type_) for type_ in _STORED},
    "DATE_DIFF": _civil_diff,
    "DATETIME_DIFF": _civil_diff,
    "TIMESTAMP_DIFF": _timestamp_diff,
    "GENERATE_DATE_ARRAY": _date_array,
    "LAST_DAY": _last_day,
    "UNIX_DATE": _one("date_diff('day', DATE '1970-01-01', CAST({0} AS DATE))"),
    "DATE_FROM_UNIX_DATE": _one("(DATE '1970-01-01' + CAST({0} AS INTEGER))"),
    "UNIX_MICROS": _one("epoch_us(CAST({0} AS TIMESTAMPTZ))"),
    "UNIX_MILLIS": _one("CAST(floor(epoch_us(CAST({0} AS TIMESTAMPTZ)) / 1e3) AS BIGINT)"),
    "UNIX_SECONDS": _one("CAST(floor(epoch_us(CAST({0} AS TIMESTAMPTZ)) / 1e6) AS BIGINT)"),
    "TIMESTAMP_MICROS": _one("make_timestamptz({0})"),
    "TIMESTAMP_MILLIS": _one("make_timestamptz({0} * 1000)"),
    "TIMESTAMP_SECONDS": _one("make_timestamptz({0} * 1000000)"),
}
