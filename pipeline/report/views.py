"""What the page says of the facts: the words and numbers of each of its parts.

Belongs here: choosing, counting and naming. Not here: asking (``gather.py``), geometry
(``charts.py``), what a month's verdict is (``survey/verdict.py``).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from pipeline.core.months import SERVICES, TripMonth
from pipeline.core.outcomes import Outcome
from pipeline.core.provenance import Provenance
from pipeline.history.run import Run
from pipeline.report.charts import Drawing, Values, steps, years
from pipeline.report.gather import Facts
from pipeline.report.words import moment, rows, seconds, share, size, took
from pipeline.survey.verdict import Judged, Verdict

CHART: Final = (280, 84)
SPARK: Final = (180, 18)
BAR: Final = 240
MOST_TROUBLES: Final = 15
QUARANTINED: Final = "quarantined"
PLACES: Final = {"bigquery": "BigQuery", "postgres": "Postgres", "lake": "the lake"}


@dataclass(frozen=True)
class Month:
    """A cell of the grid, and a row of the table below the page."""

    month: TripMonth
    judged: Judged

    @property
    def record(self) -> Provenance | None:
        """Where its rows came from; None where no stage holds any."""
        return self.judged.state.provenance if self.judged.state else None

    @property
    def rows(self) -> int | None:
        """Rows that are kept, or that its file has where it is not normalized."""
        told = self.record
        return (
            None if told is None else told.source_rows if told.rows_kept is None else told.rows_kept
        )

    @property
    def size(self) -> int | None:
        """Bytes of its file as published."""
        return self.record.source_bytes if self.record else None

    def share(self, count: str) -> float | None:
        """Return the share of its rows that a count has; None where nobody has counted."""
        told, rows = self.record, self.rows
        if not told or not rows or told.rows_kept is None:
            return None
        if count == QUARANTINED:
            return (told.rows_quarantined or 0) / max(1, told.source_rows)
        counted = told.counted()
        return None if counted is None else counted.get(count, 0) / rows


@dataclass(frozen=True)
class Count:
    """A quality count of a service over time, in shares of rows; no highest where all are 0."""

    name: str
    drawing: Drawing
    newest: str
    highest: str
    highest_month: str


@dataclass(frozen=True)
class Service:
    """All that the page shows of a service; ``calendar`` has the newest year first."""

    name: str
    months: list[Month]
    calendar: list[tuple[int, list[Month | None]]]
    done: int
    published: int
    newest: str
    rows: Drawing
    rows_total: str
    sizes: Drawing
    sizes_total: str
    counts: list[Count]


@dataclass(frozen=True)
class Stage:
    """How long a task took on this host; the bars are in pixels of ``BAR``."""

    task: str
    done: int
    failed: int
    median: str
    most: str
    slowest: str
    median_bar: float
    most_bar: float


@dataclass(frozen=True)
class Ran:
    """A row of the last runs."""

    ended: str
    result: str
    is_good: bool
    what: str
    parameters: str
    loaded: int | None
    failed: int | None
    took: str
    by: str
    told: str


def view(facts: Facts) -> dict[str, Any]:
    """Return what the template is filled with."""
    months = [Month(month, told) for month, told in facts.months.items()]
    first, last = _years_held(months, facts.made_at.year)
    return {
        "facts": facts,
        "place": PLACES[facts.to],
        "made_at": moment(facts.made_at),
        "services": [_service(name, months, first, last) for name in SERVICES],
        "ticks": years(first, 12 * (last - first + 1), CHART[0]),
        "verdicts": _verdicts(months),
        "troubles": facts.troubles[:MOST_TROUBLES],
        "more_troubles": max(0, len(facts.troubles) - MOST_TROUBLES),
        "stages": _stages(facts.outcomes),
        "runs": [_ran(run) for run in facts.runs],
        "as_rows": rows,
        "as_size": size,
    }


def _years_held(months: Sequence[Month], this_year: int) -> tuple[int, int]:
    held = [month.month.year for month in months if month.record]
    return min(held, default=this_year), max([*held, this_year])


def _verdicts(months: Sequence[Month]) -> dict[Verdict, int]:
    found = Counter(month.judged.verdict for month in months)
    return {verdict: found[verdict] for verdict in Verdict}


def _service(name: str, all_months: Sequence[Month], first: int, last: int) -> Service:
    months = [month for month in all_months if month.month.service == name]
    by_key = {(month.month.year, month.month.month): month for month in months}
    axis = [by_key.get((year, n)) for year in range(first, last + 1) for n in range(1, 13)]
    found, verdicts = {month.month.year for month in months}, _verdicts(months)
    done = [month for month in months if month.judged.verdict is Verdict.DONE]
    counts = [month.rows if month else None for month in axis]
    sizes = [month.size if month else None for month in axis]
    return Service(
        name,
        months,
        [(year, [by_key.get((year, n)) for n in range(1, 13)]) for year in sorted(found)[::-1]],
        len(done),
        len(months) - verdicts[Verdict.NOT_PUBLISHED],
        max((month.month.key for month in done), default="none"),
        steps(counts, *CHART),
        rows(sum(filter(None, counts))),
        steps(sizes, *CHART),
        size(sum(filter(None, sizes))),
        _counts(axis),
    )


def _counts(axis: Sequence[Month | None]) -> list[Count]:
    """Return the rows in quarantine, and each count that is not 0 in every month."""
    records = [month.record for month in axis if month and month.record]
    named = {name for record in records for name in record.counted() or ()}
    return [count for name in (QUARANTINED, *sorted(named)) if (count := _count(name, axis))]


def _count(name: str, axis: Sequence[Month | None]) -> Count | None:
    shares = [(month.month.key, known) for month in axis
              if month and (known := month.share(name)) is not None]  # fmt: skip
    if not shares:
        return None
    key, highest = max(shares, key=lambda pair: pair[1])
    values: Values = [month.share(name) if month else None for month in axis]
    newest = shares[-1][1]
    drawing = steps(values, *SPARK, top=highest)
    most = (share(highest), key) if highest else ("", "")
    return Count(name.replace("_", " "), drawing, share(newest), *most)


def _stages(outcomes: Sequence[Outcome]) -> list[Stage]:
    timed = [outcome for outcome in outcomes if outcome.result == "done" and outcome.seconds]
    longest = max((outcome.seconds or 0 for outcome in timed), default=1)
    failed = Counter(outcome.task for outcome in outcomes if outcome.result == "failed")
    tasks = sorted({outcome.task for outcome in timed}, key=_way)
    return [_stage([o for o in timed if o.task == task], failed[task], longest) for task in tasks]


def _stage(timed: Sequence[Outcome], failed: int, longest: float) -> Stage:
    slowest = max(timed, key=lambda outcome: outcome.seconds or 0)
    middle, most = median(outcome.seconds or 0 for outcome in timed), slowest.seconds or 0
    name = f"{slowest.service} {slowest.month}".strip()
    bars = (round(BAR * time / longest, 1) for time in (middle, most))
    return Stage(timed[0].task, len(timed), failed, seconds(middle), seconds(most), name, *bars)


def _way(task: str) -> tuple[int, str]:
    """Return where a task stands on the way of the data."""
    verbs = ("Download", "Normalize", "Upload", "Load")
    return next((n for n, verb in enumerate(verbs) if task.startswith(verb)), len(verbs)), task


def _ran(run: Run) -> Ran:
    return Ran(
        moment(run.ended),
        run.result if not run.code else f"{run.result} ({run.code})",
        not run.code,
        f"{run.deployment}: {run.task}" if run.deployment else run.task,
        run.parameters.replace("--", ""),
        run.months_loaded,
        run.months_failed,
        took(run.ended - run.started) if run.started else "",
        f"{run.asked_by} on {run.host}" if run.host else run.asked_by,
        run.told,
    )
