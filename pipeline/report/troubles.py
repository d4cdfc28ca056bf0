"""What is to be done: months that failed, are stale or missing, and the commands that mend them.

Belongs here: which of them are one, and their order. Not here: the verdicts, the commands
(``pipeline/survey``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.core.months import TripMonth
from pipeline.survey.mend import command
from pipeline.survey.stretches import Stretch, stretches
from pipeline.survey.verdict import Judged, Verdict

IN_ORDER: Final = (Verdict.FAILED, Verdict.STALE, Verdict.MISSING)


@dataclass(frozen=True)
class Trouble:
    """Months in a row of which the same is to be said; ``why`` is empty where it says nothing."""

    verdict: Verdict
    months: Stretch
    why: str
    command: str


def troubles(to: str, judged: Mapping[TripMonth, Judged]) -> list[Trouble]:
    """Return what is to be done at ``to``: failures first, then what is stale, then missing.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    return [trouble for verdict in IN_ORDER for trouble in _of(verdict, to, judged)]


def _of(verdict: Verdict, to: str, judged: Mapping[TripMonth, Judged]) -> list[Trouble]:
    bad = {month: told.why for month, told in judged.items() if told.verdict is verdict}
    if verdict is Verdict.MISSING:
        bad = dict.fromkeys(bad, "")
    return [Trouble(verdict, stretch, bad[stretch.months[0]], command(to, stretch))
            for stretch in stretches(bad, alike=lambda month: bad[month])]  # fmt: skip
