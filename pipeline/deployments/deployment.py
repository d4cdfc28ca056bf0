"""What a deployment may say, and of which type.

Belongs here: the fields of ``config/deployments/<name>.yaml``, their defaults, what each accepts.
Not here: the file (``reading.py``), whether the task knows its parameters (``command.py``).
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.core.references import FORMS, SCHEMES

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Of a deployment, and of a queue."""
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
PATIENCE: Final = timedelta(minutes=10)
"""How late a busy machine may start a run that is still the scheduled one."""
CRON_FIELD: Final = re.compile(r"[0-9*,/-]+|[0-9A-Za-z,-]*(?:[A-Za-z]{3})[0-9A-Za-z,-]*")
"""What Debian's cron, others' and systemd agree on: no ``L``, ``#``, ``@monthly`` or seconds."""
SECRET_NAME: Final = re.compile(r"PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY", re.I)
SECRET_VALUE: Final = re.compile(r"://[^/\s@]*:[^/\s@]+@|-----BEGIN|\"private_key\"")
"""A password in a URL, a PEM block, a service account's key."""


def as_duration(value: Any) -> timedelta:
    """Return ``90s``, ``30m``, ``6h`` or ``40d`` as a time span."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", str(value))
    if not match:
        raise ValueError("a number with s, m, h or d, e.g. 6h")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def as_text(span: timedelta) -> str:
    """Return a time span as it is written in a file, in the largest unit that is exact."""
    seconds = round(span.total_seconds())
    sizes = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    unit, size = next((unit, size) for unit, size in sizes.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _is_one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("one line of printable text")
    return text


def _is_known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("a time zone, e.g. America/New_York or UTC")
    return name


def _is_cron(expression: str) -> str:
    fields = expression.split()
    try:
        if len(fields) != 5 or not all(map(CRON_FIELD.fullmatch, fields)):
            raise CronSimError("five fields of digits, names, * , - and /")
        next(CronSim(expression, datetime(2024, 1, 1)))
    except (CronSimError, StopIteration) as error:
        told = str(error) or "it never comes"
        raise ValueError(f"a cron expression, e.g. 0 6 10 * *: {told}") from None
    return " ".join(fields)


def tells_no_secret(name: str, value: str) -> None:
    """Raise ValueError, without the value, where it may be a secret and no reference to one."""
    if value.partition(":")[0] in SCHEMES:
        return
    if SECRET_NAME.search(name) or SECRET_VALUE.search(value):
        raise ValueError(f"a reference for {name}, which may be a secret: {FORMS}")


def _tell_no_secrets(values: dict[str, str]) -> dict[str, str]:
    for name, value in values.items():
        tells_no_secret(name, value)
    return values


Duration = Annotated[timedelta, BeforeValidator(as_duration)]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_is_one_line)]
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Strict(BaseModel):
    """Refuses keys it does not know; cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Schedule(Strict):
    """When: a cron expression of five fields, in a time zone."""

    cron: Annotated[str, AfterValidator(_is_cron)]
    timezone: Annotated[str, AfterValidator(_is_known_zone)] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    def after(self, moment: datetime) -> datetime:
        """Return the first scheduled time after ``moment``, which has a zone; in the schedule's."""
        return next(CronSim(self.cron, moment.astimezone(self.zone)))

    def is_due(self, moment: datetime) -> bool:
        """Return whether a scheduled time is ``moment``, or was shortly before it."""
        return self.after(moment - PATIENCE) <= moment

    def explained(self) -> str:
        """Return the cron expression in words."""
        return CronSim(self.cron, datetime(2024, 1, 1)).explain()


class Deployment(Strict):
    """A task of the pipeline, with its parameters, to be run on a schedule or by name."""

    task: Annotated[str, Field(pattern=r"^[A-Za-z]+$")]
    parameters: Annotated[dict[Line, Line], AfterValidator(_tell_no_secrets)] = {}
    schedule: Schedule
    queue: Annotated[str, Field(pattern=f"^{NAME.pattern}$")] = "default"
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    timeout: Annotated[Duration, Field(le=timedelta(days=7))] = timedelta(hours=6)
    late_after: Duration = timedelta(days=30)
    tags: tuple[Word, ...] = ()
    notifications: tuple[Word, ...] = ()
    environment: Annotated[dict[Variable, Line], AfterValidator(_tell_no_secrets)] = {}
