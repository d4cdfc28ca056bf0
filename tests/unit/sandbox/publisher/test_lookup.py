"""The made-up lookup of taxi zones: the form and the oddities of TLC's, none of its names."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from pipeline.sandbox.publisher.city import MANHATTAN
from pipeline.sandbox.publisher.lookup import write_lookup


@pytest.fixture
def lookup(tmp_path: Path) -> Path:
    write_lookup(tmp_path / "lookup.csv")
    return tmp_path / "lookup.csv"


@pytest.fixture
def zones(lookup: Path) -> list[list[str]]:
    return list(csv.reader(lookup.read_text().splitlines()))[1:]


def test_text_is_quoted_numbers_are_not_and_lines_end_as_in_the_real_file(lookup: Path) -> None:
    lines = lookup.read_bytes().split(b"\r\n")
    assert lines[0] == b'"LocationID","Borough","Zone","service_zone"'
    assert lines[1] == b'1,"EWR","Newark Airport","EWR"'
    assert lines[264:] == [b'264,"Unknown","N/A","N/A"', b'265,"N/A","Outside of NYC","N/A"', b""]


def test_every_zone_has_one_line_in_order(zones: list[list[str]]) -> None:
    assert [int(zone) for zone, *_ in zones] == list(range(1, 266))


def test_the_airports_and_manhattan_are_in_their_boroughs(zones: list[list[str]]) -> None:
    boroughs = {int(zone): borough for zone, borough, *_ in zones}
    assert (boroughs[1], boroughs[132], boroughs[138]) == ("EWR", "Queens", "Queens")
    assert {boroughs[zone] for zone in MANHATTAN} == {"Manhattan"}
    assert {"Bronx", "Brooklyn", "Staten Island"} <= set(boroughs.values())


def test_names_repeat_as_in_the_real_file_and_hold_an_apostrophe_and_a_slash(
    zones: list[list[str]],
) -> None:
    names = Counter(name for _, _, name, _ in zones)
    repeated = {name: count for name, count in names.items() if count > 1}
    assert sorted(repeated.values()) == [2, 3]
    assert any("'" in name and "/" in name for name in repeated)
