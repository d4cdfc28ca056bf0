"""The service's table: added columns, older tables of ours, and tables that are not ours."""

import re
from datetime import date

import pyarrow as pa
import pytest
from support.canonical import plain_rows, worst_rows

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth

JANUARY, FEBRUARY, MARCH = (TripMonth("yellow", 2027, n) for n in (1, 2, 3))
ADDED = "Tip_Jar int64, is_shared bool, billed date"


def added_rows(month, added, **values):
    table = worst_rows(month, 2, added)
    for name, value in values.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array([value] * 2, field.type))
    return table


def columns(place, table="yellow_trips"):
    sql = (
        "SELECT attname, format_type(atttypid, NULL), col_description(attrelid, attnum)"
        " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    )
    rows = place.query(sql, f"{place.schema}.{table}")
    return {name: (kind, told) for name, kind, told in rows}


def test_added_columns_are_filled_for_their_month_and_null_for_the_others(place):
    values = {"Tip_Jar": 7, "is_shared": True, "billed": date(2027, 2, 3)}
    place.load(JANUARY, 1)
    place.load(FEBRUARY, added_rows(FEBRUARY, ADDED, **values), added_columns=ADDED)
    place.load(MARCH, 1)
    sql = "SELECT DISTINCT source_month, tip_jar, is_shared, billed FROM {s}.yellow_trips"
    assert set(place.query(sql)) == {
        (JANUARY.first_day, None, None, None),
        (FEBRUARY.first_day, *values.values()),
        (MARCH.first_day, None, None, None),
    }
    told = columns(place)
    assert told["tip_jar"] == ("bigint", "Published by TLC and not yet described here.")
    assert place.query("SELECT added_columns FROM {s}._loads ORDER BY month")[1] == (ADDED,)


def test_a_column_that_another_load_adds_during_the_copy_is_adopted(place):
    added = added_rows(FEBRUARY, "tip_jar int64", tip_jar=7)

    def meanwhile(rows, size):
        place.load(FEBRUARY, added, added_columns="tip_jar int64")

    place.load(JANUARY, 1, tell=meanwhile)
    sql = "SELECT DISTINCT source_month, tip_jar FROM {s}.yellow_trips"
    assert set(place.query(sql)) == {(JANUARY.first_day, None), (FEBRUARY.first_day, 7)}


def test_an_added_column_of_another_type_is_refused_with_both_types_and_changes_nothing(place):
    place.load(JANUARY, added_rows(JANUARY, "tip_jar int64"), added_columns="tip_jar int64")
    expected = (
        "yellow_trips exists with other columns; seen: {'tip_jar': 'bigint'}; "
        "expected: {'tip_jar': 'double precision'}"
    )
    rows = added_rows(FEBRUARY, "tip_jar float64")
    with pytest.raises(Terminal, match=re.escape(expected)):
        place.load(FEBRUARY, rows, lambda *sent: pytest.fail("copied"),
                   added_columns="tip_jar float64")  # fmt: skip
    assert "yellow_trips_202702" not in place.tables()
    assert columns(place)["tip_jar"][0] == "bigint"


def test_a_failed_load_adds_no_column(place):
    place.load(JANUARY, 1)
    before = columns(place)

    def fail(rows, size):
        raise Terminal("enough")

    rows = added_rows(FEBRUARY, ADDED)
    with pytest.raises(Terminal, match="enough"):
        place.load(FEBRUARY, rows, fail, added_columns=ADDED)
    assert columns(place) == before


def test_a_table_of_an_older_schema_gets_the_columns_that_it_lacks(place):
    place.load(JANUARY, 1)
    place.query("ALTER TABLE {s}.yellow_trips DROP COLUMN cbd_congestion_fee")
    place.query("ALTER TABLE {s}._loads DROP COLUMN remarks, DROP COLUMN counters")
    place.load(FEBRUARY, worst_rows(FEBRUARY, 1), remarks="none", counters="not_finite=1")
    sql = "SELECT source_month, cbd_congestion_fee FROM {s}.yellow_trips"
    assert dict(place.query(sql))[JANUARY.first_day] is None
    assert columns(place)["cbd_congestion_fee"][0] == "double precision"
    told = place.query("SELECT remarks, counters FROM {s}._loads ORDER BY load_id")
    assert told == [(None, None), ("none", "not_finite=1")]


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "CREATE TABLE {s}.yellow_trips (source_month date NOT NULL, note text)",
            "with other partitions; seen: none; expected: LIST (source_month)",
        ),
        (
            "CREATE TABLE {s}.yellow_trips (source_month date NOT NULL, vendorid text)"
            " PARTITION BY LIST (source_month)",
            "with other columns; seen: {'vendorid': 'text'}; expected: {'vendorid': 'bigint'}",
        ),
        (
            "CREATE TABLE {s}._loads (load_id text)",
            "_loads exists with other columns; seen: {'load_id': 'text'}; "
            "expected: {'load_id': 'bigint NOT NULL'}",
        ),
    ],
    ids=["not_partitioned", "another_type", "ledger"],
)
def test_a_table_that_is_not_ours_is_refused_side_by_side_and_left_alone(
    place, statement, difference
):
    place.query(statement)
    before = place.tables()
    with pytest.raises(Terminal, match=re.escape(difference)) as refused:
        place.load(JANUARY, 1)
    assert "use another [postgres] schema or connection" in str(refused.value)
    assert place.tables() == before


def test_a_partition_that_views_need_is_not_dropped(place):
    place.load(JANUARY, 1)
    place.query("CREATE VIEW {s}.january AS SELECT * FROM {s}.yellow_trips_202701")
    with pytest.raises(Terminal, match=r"depend on it; view .*january depends on.*; next: drop"):
        place.load(JANUARY, 2)
    assert place.query("SELECT count(*) FROM {s}.january") == [(1,)]


def test_a_role_without_the_right_to_create_is_refused_by_name(place, setting):
    with place.server.role("secret") as role:
        place.query(f"GRANT USAGE ON SCHEMA {{s}} TO {role.user}")
        setting("connection:under-test", user=role.user, password="env:SECRET")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SECRET", "secret")
            with pytest.raises(Terminal, match=f"permission denied for schema {place.schema}"):
                place.load(JANUARY, 1)


def test_a_schema_that_is_not_there_is_named(place, setting):
    setting("postgres", schema="no_such_schema")
    with pytest.raises(Terminal, match=r"\"no_such_schema\" does not exist; .*schema"):
        place.load(JANUARY, 1)


def test_names_that_need_quotes_are_quoted(place, setting):
    place.query('CREATE SCHEMA "{s} Trips"')
    try:
        setting("postgres", schema=f"{place.schema} Trips")
        rows = plain_rows(JANUARY, 3, 5)
        for _ in range(2):
            assert place.load(JANUARY, rows).is_whole
        assert place.load(JANUARY, 4).is_whole
    finally:
        place.query('DROP SCHEMA "{s} Trips" CASCADE')
