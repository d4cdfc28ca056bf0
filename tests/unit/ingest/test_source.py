"""What a named file is called, and what its name tells."""

import pytest

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.ingest.source import Source, in_public

TLC = "https://example.org/trip-data/fhv_tripdata_2023-01.parquet"


def test_a_tlc_file_is_known_by_its_name():
    assert Source(TLC).month == TripMonth("fhv", 2023, 1)
    assert Source("other_tripdata_2023-01.parquet").month is None
    assert Source("/some/fhv_tripdata_2023-01.csv").month is None


def test_what_the_ledger_has_of_an_address_tells_no_signature():
    assert Source(f"{TLC}?X-Signature=abc#part").shown == TLC
    assert Source("/some/file.csv").shown == "file:///some/file.csv"


def test_what_luigi_shows_of_an_address_tells_no_signature_and_tells_two_apart():
    shown = [in_public(f"{TLC}?X-Signature={word}") for word in ("canary", "other")]
    assert "canary" not in shown[0]
    assert shown[0].startswith(f"{TLC}?") and len({*shown, TLC}) == 3
    assert in_public(TLC) == TLC
    assert in_public("/some/what?.csv") == "/some/what?.csv"


@pytest.mark.parametrize("name", ["trips.parquet", "trips.csv", "TRIPS.CSV.GZ", "a%20b.csv?x=.txt"])
def test_the_kinds_are_told_by_the_name(name):
    assert Source(f"https://example.org/{name}").kind.name in ("parquet file", "CSV file")


def test_a_path_is_taken_as_it_is():
    assert Source("/some/a#b?c%20.csv").name == "a#b?c%20.csv"


@pytest.mark.parametrize("scheme", ["ftp", "s3", "file"])
def test_an_address_of_another_scheme_is_refused(scheme):
    with pytest.raises(BadRequest, match=r"neither an http\(s\) URL nor a path"):
        Source(f"{scheme}://example.org/trips.csv")


@pytest.mark.parametrize("name", ["trips.json", "trips.parquet.gz", "", "?x=.csv"])
def test_any_other_name_is_refused(name):
    with pytest.raises(BadRequest, match="no kind of file that can be read"):
        Source(f"https://example.org/{name}")


def test_an_address_with_a_password_is_refused_and_not_repeated():
    with pytest.raises(BadRequest) as refused:
        Source("https://me:canary@example.org/a.csv")
    assert "canary" not in str(refused.value)
