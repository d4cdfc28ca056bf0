"""What the zone lookup is, and what only looks like it."""

from pathlib import Path

import pytest

from pipeline.core.provenance import Provenance
from pipeline.download.kinds import Unreadable
from pipeline.zones.lookup import LOOKUP_CSV, ZONE_LOOKUP, read_lookup

HEADER = '"LocationID","Borough","Zone","service_zone"\r\n'


@pytest.fixture
def lookup(tmp_path):
    def write(body: str | bytes) -> Path:
        path = tmp_path / "lookup.csv"
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return path

    return write


def zones(path: Path) -> list[tuple[object, ...]]:
    return list(read_lookup(path).itertuples(index=False, name=None))


def test_every_name_of_the_lookup_is_its_own():
    assert ZONE_LOOKUP.object_name == "zones/taxi_zone_lookup.parquet"
    data = Path("/data")
    assert ZONE_LOOKUP.raw_path(data) == data / "raw/zones/taxi_zone_lookup.csv"
    assert ZONE_LOOKUP.canonical_path(data) == data / "canonical/zones/taxi_zone_lookup.parquet"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://tlc/trip-data", "https://tlc/misc/taxi_zone_lookup.csv"),
        ("http://127.0.0.1:8484/trip-data", "http://127.0.0.1:8484/misc/taxi_zone_lookup.csv"),
        ("https://mirror/nyc/trip-data", "https://mirror/nyc/misc/taxi_zone_lookup.csv"),
        ("https://mirror", "https://mirror/misc/taxi_zone_lookup.csv"),
    ],
)
def test_the_lookup_is_in_the_folder_beside_the_months(base_url, url):
    assert ZONE_LOOKUP.url(base_url) == url


def test_its_record_is_the_lookups_and_no_months():
    record = Provenance("zones", "", "http://tlc", '"e"', "then", 10, "ab" * 32, 265)
    assert record.is_of(ZONE_LOOKUP)
    assert Provenance.from_metadata(record.to_metadata()) == record


def test_na_stays_text_and_a_field_without_text_is_null(lookup):
    body = f'{HEADER}264,"Unknown","N/A","N/A"\r\n265,"NA","","null"\r\n1,NaN,None,\r\n'
    assert zones(lookup(body)) == [
        (264, "Unknown", "N/A", "N/A"),
        (265, "NA", None, "null"),
        (1, "NaN", "None", None),
    ]


def test_a_column_of_empty_fields_is_null_throughout(lookup):
    assert zones(lookup(f"{HEADER}1,,a,\r\n2,,b,\r\n")) == [
        (1, None, "a", None),
        (2, None, "b", None),
    ]


def test_text_is_kept_to_the_letter(lookup):
    body = f'{HEADER}1," Queens","Governor\'s, ""Ellis""/Liberty\r\nIsland","Café"\r\n'
    name = 'Governor\'s, "Ellis"/Liberty\nIsland'
    (zone,) = zones(lookup(body))
    assert (zone[0], zone[1], zone[2].replace("\r\n", "\n"), zone[3]) == (
        1,
        " Queens",
        name,
        "Café",
    )


def test_columns_are_taken_by_name_whatever_their_order_line_ends_and_byte_order_mark(lookup):
    body = "\ufeffZone,LocationID,service_zone,Borough\nNewark Airport,1,EWR,Jersey\n"
    assert zones(lookup(body)) == [(1, "Jersey", "Newark Airport", "EWR")]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "does not parse"),
        ("\r\n", "does not parse"),
        (HEADER, "has no zones"),
        ("<!DOCTYPE html>\n<html>Please log in</html>\n", "header is '<!DOCTYPE html>'"),
        ('"LocationID","Borough","Zone"\r\n1,"Queens","JFK"\r\n', "header is 'LocationID, Borough"),
        ('LocationID,Borough,Zone,Zone\n1,a,b,c\n', "header is"),
        ("LocationID,Borough,Zone,service_zone,more\n1,a,b,c,d\n", "header is"),
        ("locationid,borough,zone,service_zone\n1,a,b,c\n", "header is"),
        (f"{HEADER}1,a,b,c,d\r\n", "Expected 4 fields in line 2, saw 5"),
        (f"{HEADER}1,a,b\r\n", "fewer fields"),
        (f"{HEADER}1,a,b,c\r\n2\r\n", "fewer fields"),
        (f'{HEADER}1,a,b,"c\r\n', "does not parse"),
        (f"{HEADER}x,a,b,c\r\n", "LocationID 'x' is no number"),
        (f"{HEADER},a,b,c\r\n", "LocationID '' is no number"),
        (f"{HEADER}1.0,a,b,c\r\n", "LocationID '1.0' is no number"),
        (f"{HEADER}-1,a,b,c\r\n", "LocationID '-1' is no number"),
        (f"{HEADER}٣,a,b,c\r\n", "is no number"),
        (f"{HEADER}12345678901234567890,a,b,c\r\n", "is no number"),
        (f"{HEADER}1,a,b,c\r\n1,d,e,f\r\n", "LocationID 1 occurs more than once"),
        (f"{HEADER}1,a,b,c\r\n01,d,e,f\r\n", "LocationID 1 occurs more than once"),
        (b"PAR1\x00\xff\xfePAR1", "does not parse"),
        (HEADER.encode() + b"1,\xe9,b,c\r\n", "does not parse"),
        (HEADER.encode() + b"1,a,b,c\r\n" + b"\x00" * 100, "does not parse|fewer fields"),
    ],
)  # fmt: skip
def test_what_is_no_lookup_is_refused_with_the_reason(lookup, body, why):
    with pytest.raises(Unreadable, match=why):
        read_lookup(lookup(body))


def test_a_whole_lookup_ends_its_last_line(lookup):
    assert LOOKUP_CSV.ends_whole(lookup(f"{HEADER}1,a,b,c\r\n"))
    assert not LOOKUP_CSV.ends_whole(lookup(f"{HEADER}1,a,b"))
    assert not LOOKUP_CSV.ends_whole(lookup(""))


def test_the_real_lookup_has_265_zones_of_which_two_are_no_zones(shared_tlc):
    real = {number: names for number, *names in zones(shared_tlc / "csv" / "taxi_zone_lookup.csv")}
    assert sorted(real) == list(range(1, 266))
    assert real[264] == ["Unknown", "N/A", "N/A"]
    assert real[265] == ["N/A", "Outside of NYC", "N/A"]
    assert not [names for names in real.values() if None in names]
