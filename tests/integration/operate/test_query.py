"""``tlc query``: what the warehouse answers, in three forms, and what it refuses in one line."""

import json

import pytest
from support.workspace import Workspace

KINDS = (
    "SELECT 'a' AS text, 1234 AS whole, 0.5 AS part, DATE '2021-01-31' AS day, "
    "DATETIME '2021-01-31 23:59:58' AS at, TRUE AS flag "
    "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL ORDER BY whole DESC"
)
NO_ROWS = "SELECT VendorID, fare_amount FROM yellow_trips WHERE FALSE"


def ask(place: Workspace, sql: str, form: str) -> str:
    done = place.tlc("query", sql, "--format", form)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def cells(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if line.strip() and "─" not in line]


def test_a_table_shows_nulls_as_dashes_and_thousands_apart(months: Workspace) -> None:
    heading, first, second = cells(ask(months, KINDS, "table"))
    assert heading == ["text", "whole", "part", "day", "at", "flag"]
    assert first == ["a", "1,234", "0.5", "2021-01-31", "2021-01-31", "23:59:58", "true"]
    assert second == ["-"] * 6


def test_json_keeps_numbers_nulls_and_truth(months: Workspace) -> None:
    first, second = json.loads(ask(months, KINDS, "json"))
    assert first == {
        "text": "a",
        "whole": 1234,
        "part": 0.5,
        "day": "2021-01-31",
        "at": "2021-01-31 23:59:58",
        "flag": True,
    }
    assert set(second.values()) == {None}


def test_csv_leaves_nulls_empty(months: Workspace) -> None:
    assert ask(months, KINDS, "csv").splitlines() == [
        "text,whole,part,day,at,flag",
        "a,1234,0.5,2021-01-31,2021-01-31 23:59:58,True",
        ",,,,,",
    ]


def test_no_rows_are_a_heading_or_an_empty_list(months: Workspace) -> None:
    assert cells(ask(months, NO_ROWS, "table")) == [["VendorID", "fare_amount"]]
    assert json.loads(ask(months, NO_ROWS, "json")) == []


def test_text_that_looks_like_markup_is_shown_as_it_is(months: Workspace) -> None:
    shown = cells(ask(months, "SELECT '[/x]' AS a, '[bold]b' AS b, ':smile:' AS c", "table"))
    assert shown[1] == ["[/x]", "[bold]b", ":smile:"]


def test_a_reader_that_has_seen_enough_is_no_error(months: Workspace) -> None:
    command = months.popen("tlc", "query", "SELECT * FROM yellow_trips", "--format", "csv")
    assert command.stdout is not None
    command.stdout.close()
    assert command.stderr is not None
    assert command.stderr.read() == ""
    command.stderr.close()
    command.wait(timeout=30)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELEC 1", "Syntax error"),
        ("SELECT * FROM nowhere", "Not found: Table tlc-sandbox:nyc_tlc.nowhere"),
        ("SELECT nothing FROM yellow_trips", "nothing"),
        ("CREATE TABLE nyc_tlc.t (a INT64)", "the sandbox does not implement"),
    ],
)
def test_what_the_warehouse_refuses_is_one_line(months: Workspace, sql: str, told: str) -> None:
    done = months.tlc("query", sql)
    assert done.returncode == 30
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR BigQuery refused running the query; seen: ")
    assert told in line
    assert done.stdout == ""
