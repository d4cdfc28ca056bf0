"""Publishing a month's object: only over what was seen, with the checksum both sides agree on."""

from pathlib import Path

import pytest

from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket
from pipeline.lake.target import LakeMonthTarget

MONTH = TripMonth("yellow", 2021, 1)
PROVENANCE = Provenance(
    service="yellow",
    month="2021-01",
    source_url="http://127.0.0.1/yellow_tripdata_2021-01.parquet",
    source_etag='"etag"',
    source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
    source_bytes=100,
    source_sha256="ab" * 32,
    source_rows=10,
).normalized(kept=9, quarantined=1, schema_version="v1")


@pytest.fixture
def path(configured, tmp_path) -> Path:
    file = tmp_path / "month.parquet"
    file.write_bytes(b"PAR1 the month PAR1")
    return file


def put(path, provenance=PROVENANCE):
    return bucket.upload(MONTH, path, provenance, lambda sent: None)


def elsewhere(content: bytes) -> None:
    """Another run publishes the month, after this process has listed the lake."""
    other = storage_client().create_bucket(settings.lake().bucket).blob(MONTH.object_name)
    other.metadata = PROVENANCE.to_metadata()
    other.upload_from_string(content)


def test_the_object_carries_its_provenance_as_metadata(path):
    put(path)
    blob = storage_client().bucket(settings.lake().bucket).get_blob(MONTH.object_name)
    assert blob.metadata == PROVENANCE.to_metadata()
    assert blob.download_as_bytes() == path.read_bytes()
    assert LakeMonthTarget(MONTH).object().provenance == PROVENANCE


def test_progress_ends_at_the_files_size(path):
    seen = []
    bucket.upload(MONTH, path, PROVENANCE, seen.append)
    assert seen[-1] == path.stat().st_size


def test_a_replacement_names_the_generation_that_was_listed(path):
    first = put(path)
    path.write_bytes(b"PAR1 the month, published again PAR1")
    second = put(path)
    assert second.generation > first.generation
    assert LakeMonthTarget(MONTH).object() == second


def test_what_another_run_published_meanwhile_is_never_overwritten(path):
    assert bucket.objects() == {}
    elsewhere(b"PAR1 another file PAR1")
    with pytest.raises(Transient, match="not the file that was sent"):
        put(path)
    blob = storage_client().bucket(settings.lake().bucket).blob(MONTH.object_name)
    assert blob.download_as_bytes() == b"PAR1 another file PAR1"


def test_the_same_content_published_meanwhile_is_taken_as_done(path):
    assert bucket.objects() == {}
    elsewhere(path.read_bytes())
    assert put(path).provenance == PROVENANCE


def test_an_object_without_provenance_is_no_target(path):
    put(path)
    blob = storage_client().bucket(settings.lake().bucket).blob(MONTH.object_name)
    blob.upload_from_string(b"somebody's own file")
    bucket.forget()
    assert not LakeMonthTarget(MONTH).exists()
    with pytest.raises(Terminal, match="not in the lake"):
        LakeMonthTarget(MONTH).object()


def test_all_months_are_one_listing(path, monkeypatch):
    put(path)
    bucket.forget()
    calls = []
    listed = type(storage_client()).list_blobs

    def counted(client, *args, **kwargs):
        calls.append(args)
        return listed(client, *args, **kwargs)

    monkeypatch.setattr(type(storage_client()), "list_blobs", counted)
    for month in range(1, 13):
        LakeMonthTarget(TripMonth("yellow", 2021, month)).exists()
    assert len(calls) == 1


def test_an_unreachable_lake_is_named_and_is_not_an_absent_month(configured, monkeypatch):
    import luigi

    config = luigi.configuration.get_config()
    config.set("google", "endpoint", "http://127.0.0.1:9")
    from google.cloud.storage import retry

    monkeypatch.setattr(retry.DEFAULT_RETRY, "_timeout", 0.5)
    with pytest.raises(Transient, match="Cloud Storage failed listing"):
        LakeMonthTarget(MONTH).exists()
