"""BigQuery's tables and views against what is declared.

Belongs here: saying what differs. Not here: the declarations and the comparison
(``bigquery/tables.py``, ``bigquery/views.py``).
"""

from collections.abc import Iterator, Mapping

from pipeline.bigquery.definitions import table_path
from pipeline.bigquery.ledger import SERVICE, Load
from pipeline.bigquery.tables import deviations, held_names
from pipeline.connections.google import explained
from pipeline.core.months import TripMonth
from pipeline.verify.finding import Finding, redo


def read() -> frozenset[str]:
    """Return the names of the dataset's tables and views; none where there is no dataset.

    Raises:
        Transient, Terminal: the service failed or refused.
    """
    with explained(SERVICE, "listing the tables"):
        return held_names()


def disagreements(loads: Mapping[TripMonth, Load]) -> Iterator[Finding]:
    """Yield each table or view that is not as declared, where any month is loaded.

    Loading a month makes what is missing; so the smallest one is to be loaded again.
    """
    if not loads:
        return
    by_size = sorted(loads, key=lambda month: loads[month].provenance.rows_kept or 0)
    with explained(SERVICE, "looking at the tables and views"):
        found = [*deviations()]
    for name, seen, expected in found:
        smallest = next((m for m in by_size if m.table_name == name), by_size[0])
        yield Finding(table_path(name), "bigquery", seen, expected, redo(smallest, "bigquery"))
