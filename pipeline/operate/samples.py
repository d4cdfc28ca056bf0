"""``tlc samples``: a sample month of any size, made for the sandbox's publisher or for a file.

Belongs here: the command. Not here: making the sample (``sandbox/publisher/``).
"""

from pathlib import Path
from typing import Final

import click

from pipeline.core.months import SERVICES, TripMonth
from pipeline.operate.output import bar
from pipeline.sandbox.lifecycle import sandbox_root

MOST_ROWS: Final = 20_000_000


@click.command()
@click.option("--service", type=click.Choice(SERVICES), default="yellow", show_default=True)
@click.option("--month", "key", required=True, metavar="YYYY-MM", help="The file's month.")
@click.option("--rows", type=click.IntRange(0, MOST_ROWS), required=True, help="Up to 20 million.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; otherwise the sandbox's publisher serves the month.",
)
def samples(service: str, key: str, rows: int, output: Path | None) -> None:
    """Make a sample month: made-up trips in that month's real schema, with its known dirt.

    The same service, month and rows make the same file, byte for byte.
    """
    from pipeline.sandbox.publisher.samples import sample_path, write_sample

    month = TripMonth.parse(service, key)
    path = output or sample_path(sandbox_root() / "publisher", month)
    with bar(f"{month}", rows) as progress:
        write_sample(month, rows, path, progress)
    click.echo(f"{path}: {rows:,} rows, {path.stat().st_size:,} bytes")
