"""``tlc samples``: a sample month of any size, made for the sandbox's publisher or for a file.

Belongs here: the command. Not here: making the sample (``sandbox/publisher/``).
"""

from pathlib import Path
from typing import Final

import click

from pipeline.core.errors import BadRequest
from pipeline.core.months import SERVICES, TripMonth
from pipeline.operate.output import bar
from pipeline.sandbox.lifecycle import sandbox_root

MOST_ROWS: Final = 30_000_000
"""More than TLC ever published: fhv 2018-12 has 23.9 million."""


@click.command()
@click.option("--service", type=click.Choice(SERVICES), default="yellow", show_default=True)
@click.option("--month", "key", required=True, metavar="YYYY-MM", help="The file's month.")
@click.option("--rows", type=click.IntRange(0, MOST_ROWS), help="Up to 30 million.")
@click.option("--published", is_flag=True, help="As many rows as TLC published.")
@click.option(
    "--row-groups",
    type=click.Choice(["many", "one"]),
    default="many",
    show_default=True,
    help="many: 1,048,576 rows in each, as TLC writes since 2023-02; one: the whole month, as"
    " before. One takes 200 bytes a row on disk while it is made, and no more memory.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; otherwise the sandbox's publisher serves the month.",
)
def samples(
    service: str, key: str, rows: int | None, published: bool, row_groups: str, output: Path | None
) -> None:
    """Make a sample month: made-up trips in that month's real schema, with its known dirt.

    Its size is said by --rows or --published. The same service, month, rows and row groups make
    the same file, byte for byte.

    \b
    Example: tlc samples --service green --month 2024-03 --rows 1000
    """
    from pipeline.sandbox.publisher.samples import sample_path, write_sample

    if published == (rows is not None):
        raise click.UsageError("pass either --rows or --published")
    month = TripMonth.parse(service, key)
    size = _published_rows(month) if rows is None else rows
    path = output or sample_path(sandbox_root() / "publisher", month)
    with bar(f"{month}", size) as progress:
        write_sample(month, size, path, progress, one_row_group=row_groups == "one")
    click.echo(f"{path}: {size:,} rows, {path.stat().st_size:,} bytes")


def _published_rows(month: TripMonth) -> int:
    from pipeline.schemas import published_file

    published = published_file(month)
    if published is None:
        raise BadRequest(
            f"{month}: its real size is not known",
            seen="not in the table of published months",
            next_step="pass --rows instead of --published",
        )
    return published.rows
