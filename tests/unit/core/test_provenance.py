from dataclasses import replace

import pytest

from pipeline.core.errors import Terminal
from pipeline.core.provenance import Provenance

DOWNLOADED = Provenance(
    service="yellow",
    month="2021-01",
    source_url="https://example.test/yellow_tripdata_2021-01.parquet",
    source_etag='"abc-3"',
    source_last_modified="Thu, 30 Jun 2022 17:59:33 GMT",
    source_bytes=100,
    source_sha256="00" * 32,
    source_rows=10,
)
NORMALIZED = DOWNLOADED.normalized(kept=9, quarantined=1, schema_version="v1")


@pytest.mark.parametrize("record", [DOWNLOADED, NORMALIZED])
def test_metadata_gives_back_what_was_put_in(record):
    assert Provenance.from_metadata(record.to_metadata()) == record


def test_metadata_is_text_only_and_fits_an_objects_metadata():
    metadata = NORMALIZED.to_metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert sum(len(key) + len(value) for key, value in metadata.items()) < 8 * 1024


def test_an_unaccounted_row_stops_the_month():
    with pytest.raises(Terminal, match="rows do not add up"):
        DOWNLOADED.normalized(kept=9, quarantined=0, schema_version="v1")


def test_a_digest_of_digits_stays_text():
    record = replace(NORMALIZED, source_sha256="1" * 64, source_etag="12", schema_version="1")
    assert Provenance.from_metadata(record.to_metadata()) == record


@pytest.mark.parametrize("missing", ["tlc_source_sha256", "tlc_source_rows", "tlc_month"])
def test_metadata_with_a_hole_is_no_provenance(missing):
    metadata = NORMALIZED.to_metadata()
    del metadata[missing]
    assert Provenance.from_metadata(metadata) is None


def test_metadata_with_a_count_that_is_no_number_is_no_provenance():
    assert Provenance.from_metadata({**NORMALIZED.to_metadata(), "tlc_source_rows": "x"}) is None
    assert Provenance.from_metadata({**NORMALIZED.to_metadata(), "tlc_rows_kept": "x"}) is None


@pytest.mark.parametrize("base_url", ["sandbox", "http://127.0.0.1:1234/trip-data"])
def test_a_sample_month_counts_only_where_samples_are_asked_for(monkeypatch, base_url):
    sample = replace(NORMALIZED, source_url="http://127.0.0.1:8484/trip-data/x.parquet")
    assert NORMALIZED.is_wanted()
    assert not sample.is_wanted()
    monkeypatch.setenv("TLC_BASE_URL", base_url)
    assert sample.is_wanted()
    assert not NORMALIZED.is_wanted()
