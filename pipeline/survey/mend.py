"""The command that brings months to where they are missing, stale or failed.

Belongs here: its words. Not here: whether it is needed (``verdict.py``).
"""

from typing import Final

from pipeline.core.month_task import MonthTask
from pipeline.core.months import TripMonth
from pipeline.ranges.many_months import LOADING, is_there
from pipeline.survey.stretches import Stretch

LUIGI: Final = "luigi --module pipeline"
DEFAULT: Final = "bigquery"


def loading(to: str, month: TripMonth) -> MonthTask:
    """Return the task that brings the month there."""
    return LOADING[to](service=month.service, year=month.year, month=month.month)


def command(to: str, stretch: Stretch, behind: str = "") -> str:
    """Return the command that mends the months, of which all are alike.

    What a task takes for done, though it is stale, no run touches; ``tlc redo`` does, from the
    stage that fell ``behind``.
    """
    first, last = stretch.months[0], stretch.months[-1]
    task = loading(to, first)
    there = "" if to == DEFAULT else f" --to {to}"
    if behind and is_there(task):
        each = (str(first), "") if first == last else (f"{first.service} YYYY-MM", ", for each")
        return f"tlc redo {each[0]} --from {behind}{there}{each[1]}"
    if first == last:
        place = f"--service {first.service} --year {first.year} --month {first.month}"
        return f"{LUIGI} {task.task_family} {place}"
    place = f"--service {first.service} --start {first.key} --stop {last.key}"
    return f"{LUIGI} LoadRange {place}{there}"
