"""What the report is about, asked of the targets, the history and this host, once each.

Belongs here: asking. Not here: what is said of it (``views.py``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pipeline.core import outcomes, settings
from pipeline.core.months import TripMonth
from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.history.past import past
from pipeline.report.troubles import Trouble, troubles
from pipeline.survey.verdict import Judged, judged

if TYPE_CHECKING:
    from pipeline.core.outcomes import Outcome
    from pipeline.history.run import Run

MOST_RUNS: Final = 20


@dataclass(frozen=True)
class Facts:
    """All that the page is made of.

    ``months`` are by service and month, ``troubles`` those to be mended; ``outcomes`` are of tasks
    on this host, oldest first; ``runs`` the newest first; ``warnings`` what could not be asked;
    ``about`` is what the page says of itself, value by name.
    """

    made_at: datetime
    to: str
    months: dict[TripMonth, Judged]
    troubles: list[Trouble]
    outcomes: "list[Outcome]"
    runs: "list[Run]"
    warnings: list[str]
    about: dict[str, str]


def gathered(to: str) -> Facts:
    """Return what is known, with the months judged at ``to``: bigquery, postgres or lake.

    One listing of the lake and one query each of BigQuery and Postgres about the months, and one
    of each history; nothing of the publisher.

    Raises:
        Transient, Terminal: a service does not answer, or refuses. A history that cannot be asked
            is a warning.
    """
    warnings: list[str] = []
    months = judged(to)
    runs = past(MOST_RUNS, lambda error: warnings.append(str(error)))
    made_at = datetime.now(UTC)
    todo = troubles(to, months)
    return Facts(made_at, to, months, todo, outcomes.newest(), runs, warnings, _about())


def _about() -> dict[str, str]:
    warehouse, lake = settings.bigquery(), settings.lake()
    base_url = settings.base_url()
    kind = "sample months" if settings.is_loopback(base_url) else "TLC's months"
    return {
        "warehouse": f"{warehouse.project}.{warehouse.dataset}",
        "lake": f"gs://{lake.bucket}",
        "Postgres": f"{settings.postgres().connection}, schema {settings.postgres().schema}",
        "publisher": f"{base_url} ({kind})",
        "version": PIPELINE_VERSION,
    }
