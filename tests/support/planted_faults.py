"""Faults in a loaded world, and what ``tlc verify`` is to find of each."""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from support import planting
from support.loaded_world import DIRTY, FEBRUARY, JANUARY, World

from pipeline.core.months import TripMonth

Fault = Callable[[World], None]
Found = set[tuple[str, str]]
"""Subject and stage. ``{d}`` is the dataset, and the schema in Postgres."""

Faults = dict[Fault, Found]


def at(stage: str, month: TripMonth = JANUARY) -> Found:
    return {(str(month), stage)}


LOCAL: Faults = {
    planting.canonical_cut: at("normalize"),
    planting.canonical_with_a_bad_page: at("normalize"),
    planting.canonical_with_another_value: at("normalize"),
    planting.quarantine_file_deleted: at("normalize", DIRTY),
    planting.quarantine_file_with_a_bad_page: at("normalize", DIRTY),
    planting.raw_cut: at("download"),
    planting.raw_bytes_changed: at("download"),
    planting.sidecar_deleted: at("download"),
    planting.sidecar_wrong: at("download"),
    planting.sidecar_of_another_month: at("download"),
}
LAKE: Faults = {
    planting.object_deleted: at("lake", FEBRUARY),
    planting.object_replaced_by_rubbish: at("lake", FEBRUARY),
    planting.object_emptied: at("lake", FEBRUARY),
    planting.object_with_another_value: at("lake", FEBRUARY),
    planting.object_with_another_value_and_no_local_file: at("lake", FEBRUARY),
    planting.object_metadata_changed: at("lake", FEBRUARY),
    planting.object_metadata_removed: at("lake", FEBRUARY),
    planting.object_of_another_month: at("lake", FEBRUARY),
    planting.quarantine_object_of_nothing: at("lake", FEBRUARY),
    planting.quarantine_object_deleted: at("lake", DIRTY),
    planting.quarantine_object_of_rubbish: at("lake", DIRTY),
}
BIGQUERY: Faults = {
    planting.partition_emptied: at("bigquery"),
    planting.rows_deleted: at("bigquery"),
    planting.rows_doubled: at("bigquery"),
    planting.ledger_row_deleted: at("bigquery"),
    planting.ledger_row_doubled: at("bigquery"),
    planting.ledger_row_of_other_rows: at("bigquery"),
    planting.ledger_row_of_other_rows_as_many_as_there_are: at("bigquery"),
    planting.ledger_row_of_another_version: at("bigquery"),
    planting.ledger_row_of_another_generation: at("bigquery"),
    planting.ledger_row_of_the_future: at("bigquery"),
    planting.table_deleted: {("{d}.{d}.green_trips", "bigquery"), *at("bigquery", DIRTY)},
    planting.view_dropped: {("{d}.{d}.trips_with_zones", "bigquery")},
    planting.view_changed: {("{d}.{d}.trips", "bigquery")},
}
POSTGRES: Faults = {
    planting.postgres_emptied: at("postgres"),
    planting.postgres_rows_deleted: at("postgres"),
    planting.postgres_rows_doubled: at("postgres"),
    planting.postgres_partition_detached: at("postgres"),
    planting.postgres_partition_dropped: at("postgres"),
    planting.postgres_ledger_row_deleted: at("postgres"),
    planting.postgres_ledger_row_doubled: at("postgres"),
    planting.postgres_ledger_row_of_other_rows: at("postgres"),
    planting.postgres_ledger_row_of_another_version: at("postgres"),
    planting.postgres_ledger_dropped: at("postgres")
    | at("postgres", FEBRUARY)
    | at("postgres", DIRTY),
    planting.postgres_index_dropped: {("{d}.yellow_trips", "postgres")},
}
FAULTS = LOCAL | LAKE | BIGQUERY | POSTGRES

IN_PLACE: Faults = {
    planting.a_fare_changed: at("bigquery"),
    planting.a_zone_emptied: at("bigquery", DIRTY),
    planting.postgres_time_changed: at("postgres"),
}
"""Those that only ``--values`` finds: no count is another."""


def rounds() -> Iterator[tuple[Fault, ...]]:
    """Yield faults that have nothing to do with each other, to be planted at once."""
    for together in zip_longest(LOCAL, LAKE, BIGQUERY, POSTGRES):
        yield tuple(filter(None, together))
