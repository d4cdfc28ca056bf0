"""Rows of a command's answer as a table, JSON, CSV or markdown.

Belongs here: presentation shared by the commands. Not here: any fact.
"""

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal

import click

if TYPE_CHECKING:
    from rich.text import Text

FORMATS: Final = ("table", "json", "csv")
GAP: Final = 2
"""Blanks between two columns of a table, beside the one that divides them."""
WIDEST: Final = 100_000
LEAST_FOR_TEXT: Final = 16
"""How narrow a column that may be folded can become."""


def show(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str, folded: str | None = None
) -> None:
    """Print ``rows`` under ``columns`` in ``form``: a table, JSON or CSV.

    ``folded`` names the column whose cells take several lines where a terminal is too narrow.
    """
    if form == "json":
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        _show_table(columns, rows, folded)


def show_json(value: Any) -> None:
    """Print ``value`` as JSON; what JSON does not know is its text."""
    click.echo(json.dumps(value, indent=2, default=str))


def show_lines(lines: "Iterable[str | Text]") -> None:
    """Print lines, coloured on a terminal that knows colours; none is folded."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return ``rows`` under ``columns`` as a markdown table; cells may hold markdown."""
    lines = [columns, ["---"] * len(columns), *([*map(_as_text, row)] for row in rows)]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal, and nothing elsewhere; yields what takes the progress."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)


def that_fit(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Return how many of the first columns fit the terminal; all of them where there is none."""
    if not sys.stdout.isatty():
        return len(columns)
    widths = [
        max(len(name), *(len(_as_text(row[index])) for row in rows)) + GAP + 1
        for index, name in enumerate(columns)
    ]
    room = shutil.get_terminal_size().columns + 1  # nothing divides the last from the edge
    return sum(used <= room for used in accumulate(widths))


def _show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], folded: str | None) -> None:
    from rich import box
    from rich.console import Console, ConsoleDimensions
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True
    )
    for index, column in enumerate(columns):
        is_number = all(isinstance(row[index], int | float | None) for row in rows)
        justify: Literal["right", "left"] = "right" if is_number else "left"
        table.add_column(column, justify=justify, no_wrap=column != folded)
    for row in rows:
        table.add_row(*map(_as_text, row))
    console = Console(markup=False, emoji=False)  # values are shown as they are
    unbounded = console.options.update(max_width=WIDEST)
    needed = console.measure(table, options=unbounded).maximum
    if folded is not None and console.is_terminal:
        texts = (_as_text(row[columns.index(folded)]) for row in rows)
        needed -= max(0, max(map(len, texts), default=0) - LEAST_FOR_TEXT)
    console.size = ConsoleDimensions(max(console.width, needed), console.height)
    console.print(table)


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
