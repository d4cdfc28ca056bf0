"""``tlc schema``: what it says of a service and of a month, in each of its forms."""

import json
import re
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.core.errors import BadRequest
from pipeline.core.months import SERVICES, TripMonth
from pipeline.operate import cli
from pipeline.operate.schema import schema
from pipeline.schemas import published_files, service_schema


def run(*words: str) -> Result:
    return CliRunner().invoke(schema, words)


def told(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def record(*words: str) -> dict[str, Any]:
    return json.loads(told(*words, "--format", "json"))


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize("service", SERVICES)
def test_every_column_and_era_of_a_service_is_told(service: str) -> None:
    whole, table, markdown = record(service), told(service), told(service, "--format", "markdown")
    declared = service_schema(service)
    assert whole["service"] == service
    assert whole["version"] == declared.version
    assert [column["name"] for column in whole["columns"]] == [c.name for c in declared.columns]
    assert [era["name"] for era in whole["eras"]] == [era.name for era in declared.eras]
    for column in declared.columns:
        assert f"\n {column.name} " in table
        assert f"\n| `{column.name}` | {column.arrow_type} | {column.bigquery_type} |" in markdown
    for era in declared.eras:
        assert era.first in table
        assert f" | {era.name} | {len(era.columns)} | {era.about}" in markdown


def test_a_column_says_its_types_unit_codes_and_rule() -> None:
    columns = {column["name"]: column for column in record("fhvhv")["columns"]}
    assert columns["trip_time"] == {
        "name": "trip_time",
        "arrow": "int64",
        "bigquery": "INT64",
        "postgres": "bigint",
        "unit": "seconds",
        "description": "Duration of the trip.",
        "codes": {},
        "rule": None,
    }
    assert columns["hvfhs_license_num"]["codes"]["HV0005"] == "Lyft"
    assert columns["wav_match_flag"]["rule"]["steps"] == ["blank_to_null"]
    assert columns["wav_match_flag"]["rule"]["source"]


def test_the_table_says_codes_and_rules_and_once_what_each_type_is_elsewhere() -> None:
    lines = [line.rstrip() for line in told("fhvhv").splitlines()]
    (flag,) = [line for line in lines if line.startswith(" wav_match_flag ")]
    assert flag.endswith("Y: Yes; N: No. A flag that is blank is no value.")
    (types,) = [line.split() for line in lines if line.startswith(" DATETIME ")]
    assert types == ["DATETIME", "timestamp[us]", "timestamp"]


def test_a_month_of_2009_tells_every_way_a_column_can_go() -> None:
    whole = record("yellow", "--month", "2009-01")
    assert whole["era"]["name"] == "coordinates-2009"
    assert (whole["era"]["first"], whole["era"]["last"]) == ("2009-01", "2009-12")
    assert whole["published"] == {"rows": 14_092_413, "bytes": 469_759_995, "as_of": "2024-08"}
    ways = [tuple(step.values()) for step in whole["columns"]]
    vendor = "mapping vendor: cmt → 1; vts → 2; dds → 3"
    for way in [
        ("vendor_name", "string", "VendorID", "int64", vendor),
        ("Trip_Pickup_DateTime", "string", "tpep_pickup_datetime", "timestamp[us]", "cast"),
        ("Trip_Distance", "double", "trip_distance", "double", "as is"),
        ("Start_Lon", "double", "pickup_longitude", "double", "as is; then rule coordinate"),
        (None, None, "PULocationID", "int64", "not in the file: null"),
        (None, None, "source_month", "date32", "the month itself"),
    ]:
        assert way in ways


def test_a_column_that_says_nothing_or_is_empty_in_the_month_is_told_so() -> None:
    ways = [[*step.values()] for step in record("yellow", "--month", "2010-03")["columns"]]
    assert ["__index_level_0__", "int64", None, None, "says nothing about a trip"] in ways
    ways = [[*step.values()] for step in record("yellow", "--month", "2020-10")["columns"]]
    assert ["airport_fee", "null", "airport_fee", "double", "empty in this month: null"] in ways


@pytest.mark.parametrize("service", SERVICES)
def test_a_month_tells_every_column_of_its_file_and_every_canonical_one_once(service: str) -> None:
    months = sorted(month for month in published_files() if month.service == service)
    declared = service_schema(service)
    for month in months[:: max(1, len(months) // 12)]:
        steps = record(service, "--month", month.key)["columns"]
        era = declared.era(month)
        held = [column.name for column in era.columns]
        assert [step["file_column"] for step in steps if step["file_column"]] == held
        assert {step["column"] for step in steps} - {None} == {c.name for c in declared.columns}
        assert len(steps) == len({(step["file_column"], step["column"]) for step in steps})


def test_a_month_as_a_table_begins_with_its_era_and_what_is_known_of_its_file() -> None:
    lines = told("yellow", "--month", "2011-01").splitlines()
    assert lines[0] == "yellow 2011-01: the file and the columns"
    assert lines[1].startswith("era zones, 2011-01 to 2018-06: Taxi zones instead of coordinates")
    assert lines[2] == "published: 13,464,997 rows, 167,179,830 bytes, as of 2024-08"
    assert lines[3].startswith("not settled: Whether airport_fee holds values in January 2011")
    assert any(
        line.split()[:5] == ["VendorID", "int64", "VendorID", "int64", "as"] for line in lines
    )


def test_of_a_month_after_the_newest_known_one_the_newest_era_is_told() -> None:
    assert record("green", "--month", "2031-01")["published"] is None
    lines = told("green", "--month", "2031-01").splitlines()
    assert lines[1].startswith("era request-source, since 2026-06: ")
    assert lines[2] == "published: not known; the newest green month that is known is 2026-08"


def test_bytes_that_are_not_known_are_left_out() -> None:
    assert "published: 40,687 rows, as of 2026-10-08\n" in told("green", "--month", "2026-08")


def test_a_month_as_markdown_is_a_heading_a_table_and_a_list() -> None:
    lines = told("fhv", "--month", "2019-05", "--format", "markdown").splitlines()
    assert lines[0] == "## fhv 2019-05: the file and the columns"
    assert cells(lines[2]) == ["in the file", "its type", "column", "type", "how"]
    assert "| `PUlocationID` | int64 | `PULocationID` | int64 | as is |" in lines
    assert "- published: 2,073,045 rows, 18,204,679 bytes, as of 2024-08" in lines
    assert len({line.count(" | ") for line in lines if line.startswith("|")}) == 1


@pytest.mark.parametrize(
    ("service", "key", "error"),
    [
        ("yellow", "2008-12", "seen: 2008-12; expected: 2009-01 or later"),
        ("fhvhv", "2019-01", "expected: 2019-02 or later"),
        ("yellow", "2021-13", "no such month; seen: 2021-13; expected: month 01 to 12"),
        ("yellow", "", "no such month.*expected: YYYY-MM"),
        ("yellow", "soon", "no such month.*expected: YYYY-MM"),
    ],
)
def test_a_month_that_cannot_exist_is_refused(service: str, key: str, error: str) -> None:
    result = run(service, "--month", key, "--format", "json")
    assert isinstance(result.exception, BadRequest)
    assert result.output == ""
    with pytest.raises(BadRequest, match=error):
        raise result.exception


def test_a_month_that_cannot_exist_ends_the_command_with_one_line_and_30(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tlc", "schema", "yellow", "--month", "2008-12"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 30
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("ERROR TLC publishes no yellow month 2008-12")


@pytest.mark.parametrize("words", [[], ["purple"], ["yellow", "--format", "csv"]])
def test_a_wrong_service_or_form_is_a_usage_error(words: list[str]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize("width", [100, 140])
@pytest.mark.parametrize(
    "words",
    [["yellow"], ["fhvhv"], ["yellow", "--month", "2009-01"], ["fhv", "--month", "2019-01"]],
)
def test_a_terminal_of_100_columns_shows_whole_names_and_folds_only_the_last_column(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    width: int,
    words: list[str],
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    schema.main(words, standalone_mode=False)
    lines = without_colours(capsys.readouterr().out).splitlines()
    table = [line for line in lines if line.startswith(" ")]
    assert max(map(len, table)) <= width
    month = TripMonth.parse(words[0], words[-1]) if "--month" in words else None
    names = [column.name for column in service_schema(words[0]).columns]
    if month:
        names += [column.name for column in service_schema(words[0]).era(month).columns]
    assert not [name for name in names if not any(f" {name} " in line for line in table)]
    assert "…" not in "".join(table)
