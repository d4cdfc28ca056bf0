"""Rows of a command's answer as a table, JSON or CSV.

Belongs here: presentation shared by the commands. Not here: any fact.
"""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

FORMATS: Final = ("table", "json", "csv")


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str) -> None:
    """Print ``rows`` under ``columns`` in ``form``: a table, JSON or CSV."""
    if form == "json":
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        click.echo(json.dumps(records, indent=2, default=str))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        _show_table(columns, rows)


def _show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=not sys.stdout.isatty())
    table = Table(box=box.ROUNDED if sys.stdout.isatty() else box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        is_number = all(isinstance(row[index], int | float | None) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_as_text, row))
    if not sys.stdout.isatty():
        console.width = 240
    console.print(table)


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
