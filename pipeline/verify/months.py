"""All stages of all months, each compared with the others.

Belongs here: what is read once for all, and the order of the stages. Not here: any stage's checks.

What one stage's fault explains is not told again at the next one: of each stage the first thing
that is wrong is told, and a stage that is not sound is nothing to compare others with.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pipeline.lake.bucket import objects
from pipeline.survey.months import (
    MonthState,
    by_service,
    is_postgres_used,
    known_months,
    state_of,
)
from pipeline.verify import bigquery, download, lake, normalize, postgres, tables, values
from pipeline.verify.bigquery import Warehouse
from pipeline.verify.finding import Finding, Meant, first
from pipeline.verify.lake import Objects, Stored
from pipeline.verify.postgres import Server

READ_AT_ONCE: Final = 8
"""Objects whose footers are read at the same time."""


@dataclass(frozen=True)
class Everything:
    """What was read of all months at once; ``stored`` are the lake's objects by name."""

    states: Sequence[MonthState]
    warehouse: Warehouse
    server: Server
    stored: Mapping[str, Stored]


def read(meant: Meant) -> Everything:
    """Read what the services hold of the months that are meant: every stage but this disk.

    One listing of the lake and a range read of each object's end; of BigQuery a listing, the
    ledger and two queries; of Postgres one session.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    known = {state.month: state for state in known_months()}
    warehouse = bigquery.read(tables.read(), meant)
    server = postgres.read(meant) if is_postgres_used() else postgres.NOTHING
    months = sorted({*known, *warehouse.counts, *server.counts}, key=by_service)
    states = [known.get(month) or state_of(month) for month in months if month in meant]
    return Everything(states, warehouse, server, _footers(states))


def findings(
    everything: Everything, tell: Callable[[int], None], *, with_values: bool = False
) -> Iterator[Finding]:
    """Yield what disagrees: first what all months share, then month by month.

    ``tell`` is called with the number of months that are done.

    Raises:
        Transient, Terminal: a service does not answer, or refuses.
    """
    loaded = {state.month: state.bigquery for state in everything.states if state.bigquery}
    copied = {state.month: state.postgres for state in everything.states if state.postgres}
    yield from tables.disagreements(loaded)
    yield from postgres.deviations(everything.server, copied)
    for number, state in enumerate(everything.states, 1):
        yield from _of_month(state, everything, with_values=with_values)
        tell(number)


def _of_month(state: MonthState, everything: Everything, *, with_values: bool) -> Iterator[Finding]:
    month, found = state.month, Objects(
        everything.stored.get(state.month.object_name),
        everything.stored.get(state.month.quarantine_object_name),
    )  # fmt: skip
    in_raw = first(download.disagreements(month))
    raw = None if in_raw else state.raw
    in_canonical = first(normalize.disagreements(month, raw))
    canonical = None if in_canonical else state.canonical
    in_lake = first(lake.disagreements(month, found, state.bigquery, canonical))
    is_sound = not in_lake or in_lake.stage != "lake"
    source = found.month.known if found.month and is_sound else None
    warehouse, server = everything.warehouse, everything.server
    in_bigquery = first(bigquery.disagreements(month, state.bigquery, warehouse, source))
    others = [told for told in (canonical, source and source.provenance) if told]
    in_postgres = first(postgres.disagreements(month, state.postgres, server, others))
    at_stages = [*filter(None, (in_raw, in_canonical, in_lake, in_bigquery, in_postgres))]
    yield from at_stages
    if with_values:
        told = {finding.stage for finding in at_stages}
        in_place = values.disagreements(state, source)
        yield from (finding for finding in in_place if finding.stage not in told)


def _footers(states: Sequence[MonthState]) -> dict[str, Stored]:
    names = [name for state in states
             for name in (state.month.object_name, state.month.quarantine_object_name)]  # fmt: skip
    known = [objects()[name] for name in names if name in objects()]
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        return dict(zip([each.name for each in known], pool.map(lake.read, known), strict=True))
