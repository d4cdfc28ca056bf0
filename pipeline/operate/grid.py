"""Years by months, one block a service: how all that there is looks at a glance.

Belongs here: the picture and its legend. Not here: the verdicts, and what is said of them.

    2021  ####X~######

A verdict has a symbol of its own, not only a colour: the picture is the same on paper.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text

from pipeline.core.months import TripMonth
from pipeline.survey.verdict import Judged, Verdict

SYMBOLS: Final = {
    Verdict.DONE: ("#", "green"),
    Verdict.STALE: ("~", "yellow"),
    Verdict.MISSING: ("o", "cyan"),
    Verdict.FAILED: ("X", "bold red"),
    Verdict.NOT_PUBLISHED: (".", "dim"),
}
MONTHS: Final = "JFMAMJJASOND"
MARGIN: Final = 17
"""Room for a verdict's symbol and name, and for the year at its end."""
GAP: Final = "  "


def grid(judged: Mapping[TripMonth, Judged], services: Sequence[str]) -> Iterator[Text]:
    """Yield the lines: a heading, one per year from the first to the last, and the counts.

    Four services take 71 columns. Blank is a month before its service began, or after the last.
    """
    yield _line("", [Text(service) for service in services])
    yield _line("", [Text(MONTHS, "dim") for _ in services])
    years = [month.year for month in judged]
    for year in range(min(years), max(years) + 1):
        yield _line(f"{year:>{MARGIN - 2}}", [_year(judged, service, year) for service in services])
    yield Text()
    counts = Counter((month.service, seen.verdict) for month, seen in judged.items())
    for verdict, (symbol, style) in SYMBOLS.items():
        numbers = [Text(f"{counts[service, verdict]:,}", style) for service in services]
        yield _line(f"{symbol} {verdict}", numbers, style)


def _year(judged: Mapping[TripMonth, Judged], service: str, year: int) -> Text:
    seen = {month.month: told.verdict for month, told in judged.items()
            if (month.service, month.year) == (service, year)}  # fmt: skip
    cells = [SYMBOLS[seen[month]] if month in seen else (" ", "") for month in range(1, 13)]
    return Text.assemble(*cells)


def _line(name: str, blocks: Sequence[Text], style: str = "") -> Text:
    line = Text(f"{name:<{MARGIN}}", style)
    for block in blocks:
        block.pad_right(len(MONTHS) - len(block))
        line.append_text(block).append(GAP)
    line.rstrip()
    return line
