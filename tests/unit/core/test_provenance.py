from configparser import ConfigParser
from dataclasses import replace

import luigi
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.provenance import NOTHING_ODD, PIPELINE_VERSION, Provenance
from pipeline.core.settings import PROJECT_ROOT

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


@pytest.mark.parametrize("done", [None, "warn", "add"])
@pytest.mark.parametrize("wanted", ["warn", "add", "fail"])
def test_a_month_with_unknown_columns_counts_only_where_they_are_to_be_treated_so(
    monkeypatch, done, wanted
):
    config = luigi.configuration.get_config()
    if not config.has_section("normalize"):
        config.add_section("normalize")
    monkeypatch.setitem(config["normalize"], "unknown_columns", wanted)
    monkeypatch.delenv("TLC_BASE_URL", raising=False)
    assert replace(NORMALIZED, unknown_columns=done).is_wanted() == (done in (None, wanted))


def test_the_origin_of_a_month_is_what_its_download_told():
    found = replace(NORMALIZED, unknown_columns="add", added_columns="a bool", remarks="odd",
                    counters="not_finite=1")  # fmt: skip
    assert found.origin() == DOWNLOADED


def test_odd_rows_are_read_back_by_count_and_what_nobody_counted_is_not_none():
    assert replace(NORMALIZED, counters="not_finite=1 outside_month=12").counted() == {
        "not_finite": 1,
        "outside_month": 12,
    }
    assert replace(NORMALIZED, counters=NOTHING_ODD).counted() == {}
    assert NORMALIZED.counted() is None


def test_a_record_of_before_rows_were_counted_is_as_good_as_it_was():
    assert "tlc_counters" not in NORMALIZED.to_metadata()
    assert Provenance.from_metadata(NORMALIZED.to_metadata()) == NORMALIZED


def test_the_program_tells_the_version_that_is_packaged():
    setup = ConfigParser()
    setup.read(PROJECT_ROOT / "setup.cfg", encoding="utf-8")
    assert setup["metadata"]["version"] == PIPELINE_VERSION
