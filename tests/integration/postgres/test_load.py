"""Loading a month: what is in the table is the canonical file, whole, once, in one step."""

import pyarrow.parquet as pq
import pytest
from support.canonical import plain_rows, worst_rows

from pipeline.core.errors import Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.postgres import ledger, load, transaction
from pipeline.postgres.copy import BATCH_ROWS
from pipeline.schemas import service_schema

JANUARY, FEBRUARY = TripMonth("yellow", 2021, 1), TripMonth("yellow", 2021, 2)


def same(value: object) -> object:
    """Return what is equal to itself, and tells -0.0 from 0.0."""
    return repr(value) if isinstance(value, float) else value


def rows_of(place, month):
    names = ", ".join(column.name for column in service_schema(month.service).columns)
    # Without quotes and in the schema's spelling: as a user writes it.
    sql = f"SELECT {names} FROM {{s}}.{month.table_name} WHERE source_month = %s ORDER BY ctid"
    return [tuple(map(same, row)) for row in place.query(sql, month.first_day)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_value_is_the_canonical_files_in_its_order(place, service):
    month = TripMonth(service, 2021, 1)
    rows = worst_rows(month, BATCH_ROWS + 43)
    loaded = place.load(month, rows)
    assert (loaded.partition_rows, loaded.is_whole) == (len(rows), True)
    expected = [tuple(map(same, row.values())) for row in rows.to_pylist()]
    assert rows_of(place, month) == expected


@pytest.mark.parametrize("rows", [1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1])
def test_no_row_is_lost_at_the_end_of_a_batch(place, rows):
    place.load(JANUARY, rows)
    assert place.months() == {"2021-01": (rows, rows * rows)}


def test_the_table_is_the_declared_schema_with_its_descriptions(place):
    place.load(JANUARY, 3)
    told = place.query(
        "SELECT attname, format_type(atttypid, NULL), col_description(attrelid, attnum)"
        " FROM pg_attribute WHERE attrelid = '{s}.yellow_trips'::regclass AND attnum > 0"
        " ORDER BY attnum"
    )
    stamp = {"timestamp": "timestamp without time zone"}
    assert told == [
        (c.name.lower(), stamp.get(c.postgres_type, c.postgres_type), c.description)
        for c in service_schema("yellow").columns
    ]
    [(comment,)] = place.query("SELECT obj_description('{s}.yellow_trips'::regclass)")
    assert comment == "TLC yellow trip records, one partition per published file."


def test_a_partition_is_frozen_indexed_and_bears_its_own_names_only(place):
    place.load(JANUARY, 20_000)
    place.load(JANUARY, 20_001)
    name = "yellow_trips_202101"
    indexes = {f"{name}_tpep_pickup_datetime_idx": "brin", f"{name}_pulocationid_idx": "btree"}
    assert {table for table in place.tables() if "2021" in table} == {name, *indexes}
    kinds = place.query(
        "SELECT relname, amname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " JOIN pg_am ON pg_am.oid = relam WHERE indrelid = %s::regclass",
        f"{place.schema}.{name}",
    )
    assert dict(kinds) == indexes
    [(pages, visible)] = place.query(
        "SELECT relpages, relallvisible FROM pg_class WHERE oid = %s::regclass",
        f"{place.schema}.{name}",
    )
    assert visible > pages / 2 > 0
    assert place.query("SELECT conname FROM pg_constraint WHERE conname = 'is_of_its_month'") == []


def test_the_same_month_again_is_neither_copied_nor_recorded(place):
    first = place.load(JANUARY, 5)
    file = place.query("SELECT pg_relation_filepath('{s}.yellow_trips_202101')")
    again = place.load(JANUARY, 5, tell=lambda rows, size: pytest.fail("copied again"))
    assert (again.load_id, again.provenance) == (first.load_id, first.provenance)
    assert place.query("SELECT pg_relation_filepath('{s}.yellow_trips_202101')") == file
    assert place.query("SELECT load_id FROM {s}._loads") == [(first.load_id,)]


def test_a_months_new_version_replaces_it_alone_and_is_in_force(place):
    place.load(FEBRUARY, 7)
    place.load(JANUARY, 5)
    place.load(JANUARY, 6, remarks="TLC replaced it")
    assert place.months() == {"2021-01": (6, 36), "2021-02": (7, 49)}
    found = ledger.find(JANUARY)
    assert (found.provenance.rows_kept, found.provenance.remarks) == (6, "TLC replaced it")
    assert place.query("SELECT rows_kept FROM {s}._loads ORDER BY load_id") == [(7,), (5,), (6,)]


def test_a_file_of_other_rows_than_its_provenance_says_changes_nothing(place):
    place.load(JANUARY, 5)
    source = place.canonical(JANUARY, 6)
    table = pq.read_table(source.path, partitioning=None)
    record = source.provenance()

    class Short(type(source)):
        def provenance(self):
            return record

    pq.write_table(table.slice(1), source.path)
    short = Short(JANUARY, place.data_dir)
    with pytest.raises(Terminal, match="seen: 5 rows copied; expected: 6 rows kept"):
        load.load_month(short, lambda rows, size: None, place.said.append)
    assert place.months() == {"2021-01": (5, 25)}


def test_a_nul_character_is_refused_by_its_line_and_column_and_changes_nothing(place):
    place.load(JANUARY, 5)
    rows = plain_rows(JANUARY, 3, 1).to_pylist()
    rows[1]["store_and_fwd_flag"] = "N\0"
    schema = service_schema("yellow").arrow_schema()
    table = plain_rows(JANUARY, 3, 1).from_pylist(rows, schema)
    with pytest.raises(Terminal, match=r"0x00; .*line 2, column store_and_fwd_flag") as refused:
        place.load(JANUARY, table)
    assert "\n" not in str(refused.value) and "\0" not in str(refused.value)
    assert place.months() == {"2021-01": (5, 25)}
    assert not [name for name in place.tables() if "new" in name]


def test_a_server_that_refuses_freeze_gets_a_plain_copy_and_a_line_in_the_log(place, monkeypatch):
    def with_an_open_cursor(connection):
        connection.exec_driver_sql("DECLARE open_cursor CURSOR FOR SELECT 1")

    monkeypatch.setattr(transaction, "_watch_client", with_an_open_cursor)
    place.load(JANUARY, 20_000)
    assert place.said[0].startswith("without FREEZE, which the server refuses: cannot perform")
    assert place.months() == {"2021-01": (20_000, 20_000**2)}
    [(visible,)] = place.query(
        "SELECT relallvisible FROM pg_class WHERE oid = '{s}.yellow_trips_202101'::regclass"
    )
    assert visible == 0
