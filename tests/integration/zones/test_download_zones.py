"""The lookup's download: byte for byte, and nothing else ever in its place."""

import json
import re

import pytest
from luigi import LuigiStatusCode
from support.publisher import cut, headers, page, status
from support.raw_files import files_below
from support.zones import run

from pipeline import DownloadZones
from pipeline.core.errors import Terminal
from pipeline.zones.lookup import ZONE_LOOKUP

NAME = "taxi_zone_lookup.csv"


def lookup(*lines):
    rows = ("LocationID,Borough,Zone,service_zone", *lines)
    return status(200, body="".join(f"{row}\n" for row in rows).encode())


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (page(), "served no zone lookup; seen: a page (text/html) that begins"),
        (page("text/csv"), "is no zone lookup; seen: 75 bytes that begin b'<!DOCTYPE html>"),
        (status(200, body=b"PAR1....PAR1"), "is no zone lookup; seen: 12 bytes that begin b'PAR1"),
        (lookup(), "it has no zones"),
        (lookup("1,a,b,c", "1,d,e,f"), "LocationID 1 occurs more than once"),
    ],
    ids=["page", "page_in_disguise", "parquet", "no_zones", "repeated_number"],
)
def test_what_is_no_lookup_is_refused_with_the_reason_and_leaves_nothing(place, zones, fault, why):
    zones.served.always = fault
    with pytest.raises(Terminal, match=re.escape(why)):
        DownloadZones().run()
    assert files_below(place / "raw") == []


@pytest.mark.parametrize("kind", ["text/csv", "text/plain; charset=utf-8", "binary/octet-stream"])
def test_a_lookup_may_be_served_as_any_kind_of_text_or_as_bytes(place, zones, kind):
    zones.served.always = headers(content_type=kind)
    assert run(DownloadZones) == LuigiStatusCode.SUCCESS
    assert ZONE_LOOKUP.raw_path(place).read_bytes() == zones.served.content
    assert files_below(place / "raw") == [NAME, f"{NAME}.json"]


def test_a_lookup_that_breaks_off_is_asked_for_again(place, zones):
    zones.served.faults = [cut(at=0.5)]
    assert run(DownloadZones) == LuigiStatusCode.SUCCESS
    assert ZONE_LOOKUP.raw_path(place).read_bytes() == zones.served.content


def test_a_lookup_of_unknown_length_that_breaks_off_is_no_lookup(place, zones):
    zones.served.always = cut(at=0.5, declared=False)
    assert run(DownloadZones) == LuigiStatusCode.FAILED
    assert not ZONE_LOOKUP.raw_path(place).exists()


def test_a_lookup_that_is_not_published_is_waited_for(publisher):
    assert run() == LuigiStatusCode.MISSING_EXT


def test_a_publisher_that_throttles_is_not_a_missing_lookup(publisher):
    publisher.throttled = True
    assert run() == LuigiStatusCode.SCHEDULING_FAILED


def test_the_record_of_a_month_does_not_vouch_for_the_lookup(place, zones):
    run(DownloadZones)
    sidecar = ZONE_LOOKUP.raw_path(place).with_name(f"{NAME}.json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"tlc_month": "2021-01"}))
    assert not DownloadZones().complete()
