"""``tlc report``: one page that shows what is where, how good it is and what ran.

Belongs here: the command. Not here: the page (``pipeline/report``).
"""

from pathlib import Path

import click

from pipeline.core.settings import data_dir


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file.  [default: data/report.html]"
)
@click.option(
    "--to",
    type=click.Choice(("bigquery", "postgres", "lake")),
    default="bigquery",
    show_default=True,
    help="Where the months are to be.",
)
def report(output: Path | None, to: str) -> None:
    """Write one HTML file that works offline: coverage, rows, quality, durations, last runs.

    \b
    Example: tlc report --output report.html
    """
    from pipeline.report.gather import gathered
    from pipeline.report.page import page, write

    facts = gathered(to)
    for warning in facts.warnings:
        click.echo(f"WARNING {warning}", err=True)
    place = write(output or data_dir() / "report.html", page(facts))
    click.echo(click.format_filename(place))
