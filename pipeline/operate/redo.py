"""``tlc redo``: a month is made again, although it is there.

Belongs here: which task that is, and its words. Not here: how each stage replaces what is there
(its own module), and running tasks (Luigi).
"""

from typing import TYPE_CHECKING, Final

import click

from pipeline.core.errors import BadRequest
from pipeline.core.month_task import STAGES
from pipeline.operate.month_argument import month_argument

if TYPE_CHECKING:
    from pipeline.core.months import TripMonth

WAYS: Final = {
    "bigquery": ("download", "normalize", "lake", "bigquery"),
    "postgres": ("download", "normalize", "postgres"),
    "lake": ("download", "normalize", "lake"),
}
"""The stages that a month passes on its way to each destination."""


@click.command()
@month_argument
@click.option(
    "--from",
    "begin",
    type=click.Choice([*STAGES]),
    default="download",
    show_default=True,
    help="The first stage that is made again; those before it only where they are missing.",
)
@click.option(
    "--to",
    type=click.Choice([*WAYS]),
    help="The last one.  [default: bigquery; postgres, from postgres]",
)
def redo(month: "TripMonth", begin: str, to: str | None) -> None:
    """Make a month again from a stage on, although it is there.

    Each stage replaces what it holds as a whole: until then, and where the run ends early, readers
    see the old month. Ends with Luigi's exit codes.

    \b
    Example: tlc redo yellow 2021-01 --from lake
    """
    from luigi.retcodes import run_with_retcodes

    to = to or ("postgres" if begin == "postgres" else "bigquery")
    if begin not in WAYS[to]:
        raise BadRequest(f"a month does not pass {begin} on its way to {to}",
                         seen=f"--from {begin}", expected=" | ".join(WAYS[to]))  # fmt: skip
    _tell_what_is_made_first(month, begin)
    run_with_retcodes(words(month, begin, to))


def words(month: "TripMonth", begin: str, to: str) -> list[str]:
    """Return the words of Luigi's command that makes the month again."""
    from pipeline.ranges.many_months import LOADING

    asked = {"service": month.service, "year": month.year, "month": month.month, "redo-from": begin}
    options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    return ["--module", "pipeline", LOADING[to].__name__, *options]


def _tell_what_is_made_first(month: "TripMonth", begin: str) -> None:
    from pipeline.core.settings import data_dir
    from pipeline.normalize.target import CanonicalMonthTarget

    if begin in ("lake", "postgres") and not CanonicalMonthTarget(month, data_dir()).exists():
        click.echo(
            f"{month}: its canonical file is not on this host, so it is downloaded and normalized",
            err=True,
        )
