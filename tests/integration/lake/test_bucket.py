"""Publishing an object: only over what was seen, with the checksum both sides agree on."""

from dataclasses import replace
from pathlib import Path

import luigi
import pytest
import requests
from google.api_core.exceptions import Forbidden
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.errors import PipelineError, Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket, generations
from pipeline.lake.target import LakeMonthTarget
from pipeline.normalize.remarks import MOST_BYTES
from pipeline.normalize.unknown import MOST_ADDED, MOST_TEXT
from pipeline.schemas import service_schema

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
).normalized(kept=10, quarantined=0, schema_version=service_schema("yellow").version)


@pytest.fixture
def path(configured, tmp_path) -> Path:
    file = tmp_path / "month.parquet"
    file.write_bytes(b"PAR1 the month PAR1")
    return file


def put(path, provenance=PROVENANCE, progress=lambda sent: None):
    return bucket.publish(MONTH.object_name, path, provenance, bucket.find(MONTH), progress)


def elsewhere(content: bytes, provenance=PROVENANCE) -> None:
    """Another run publishes the month, after this process has listed the lake."""
    other = storage_client().create_bucket(settings.lake().bucket).blob(MONTH.object_name)
    other.metadata = provenance.to_metadata()
    other.upload_from_string(content)


def stored(name: str = MONTH.object_name):
    return storage_client().bucket(settings.lake().bucket).get_blob(name)


def test_the_object_carries_its_provenance_as_metadata(path):
    put(path)
    blob = stored()
    assert blob.metadata == PROVENANCE.to_metadata()
    assert blob.download_as_bytes() == path.read_bytes()
    assert LakeMonthTarget(MONTH).object().provenance == PROVENANCE


def test_the_longest_record_that_a_month_can_have_fits_into_the_metadata(path):
    names = [f"c{number:0{MOST_TEXT // MOST_ADDED - 1}}" for number in range(MOST_ADDED)]
    longest = replace(
        PROVENANCE,
        source_url=f"http://127.0.0.1/{'x' * 1000}",
        source_etag=f'"{"x" * 500}"',
        added_columns=", ".join(f"{name} datetime" for name in names),
        remarks="é" * (MOST_BYTES // 2),
        counters=" ".join(f"{'x' * 21}={10**12 - 1}" for _ in range(10)),
    )
    assert put(path, longest).provenance == longest


def test_progress_ends_at_the_files_size(path):
    seen = []
    put(path, progress=seen.append)
    assert seen[-1] == path.stat().st_size


def test_a_replacement_names_the_generation_that_was_listed(path):
    first = put(path)
    path.write_bytes(b"PAR1 the month, published again PAR1")
    second = put(path)
    assert second.generation > first.generation
    assert LakeMonthTarget(MONTH).object() == second


def test_what_is_there_already_is_not_sent_again(path):
    first, sent = put(path), []
    assert put(path, progress=sent.append) == first
    assert sent == []


def test_the_same_bytes_of_another_origin_are_sent_again(path):
    put(path)
    other = replace(PROVENANCE, source_etag='"another"')
    assert put(path, other).provenance == other
    assert stored().metadata == other.to_metadata()


def test_what_was_deleted_since_it_was_listed_is_not_taken_as_there(path):
    listed = put(path)
    stored().delete()
    with pytest.raises(PipelineError):
        bucket.publish(MONTH.object_name, path, PROVENANCE, listed, lambda sent: None)


def test_what_another_run_published_meanwhile_is_never_overwritten(path):
    assert bucket.objects() == {}
    elsewhere(b"PAR1 another file PAR1")
    with pytest.raises(Transient, match="not the file that was sent"):
        put(path)
    assert stored().download_as_bytes() == b"PAR1 another file PAR1"


def test_the_same_bytes_of_another_origin_published_meanwhile_are_not_taken_as_done(path):
    assert bucket.objects() == {}
    elsewhere(path.read_bytes(), replace(PROVENANCE, source_etag='"another"'))
    with pytest.raises(Transient, match="not the file that was sent"):
        put(path)


def test_the_same_content_published_meanwhile_is_taken_as_done(path):
    assert bucket.objects() == {}
    elsewhere(path.read_bytes())
    assert put(path).provenance == PROVENANCE


def test_bytes_that_are_not_the_checksums_are_refused_and_nothing_is_published(path, monkeypatch):
    monkeypatch.setattr(bucket, "crc32c", lambda path: "AAAAAA==")
    with pytest.raises(Terminal, match="refused uploading trips/service=yellow/month=2021-01"):
        put(path)
    assert bucket.objects() == {}


def test_an_object_deleted_meanwhile_is_there_after_the_next_call(path):
    put(path)
    assert bucket.find(MONTH)
    stored().delete()
    path.write_bytes(b"PAR1 the month, published again PAR1")
    with pytest.raises(PipelineError, match="uploading trips/service=yellow/month=2021-01"):
        put(path)
    assert put(path) == bucket.find(MONTH)


def test_an_upload_whose_last_answer_is_lost_is_taken_as_done(path, monkeypatch):
    requested = requests.Session.request

    def lost_once(session, method, url, *args, **kwargs):
        answer = requested(session, method, url, *args, **kwargs)
        if "/upload/" in url and url not in lost:
            lost.append(url)
            raise requests.ConnectionError("reset by peer")
        return answer

    lost = []
    bucket.objects()
    monkeypatch.setattr(requests.Session, "request", lost_once)
    assert put(path).provenance == PROVENANCE
    assert len(lost) == 1


def test_objects_that_are_no_months_are_passed_over(path):
    put(path)
    for name in ("trips/readme.txt", "other/program.parquet", "zoo/lion.parquet"):
        other = storage_client().bucket(settings.lake().bucket).blob(name)
        other.upload_from_string(b"somebody's own file")
    bucket.forget()
    assert LakeMonthTarget(MONTH).exists()
    assert bucket.objects().keys() == {MONTH.object_name, "trips/readme.txt"}


def test_an_object_without_provenance_is_no_target(path):
    put(path)
    blob = storage_client().bucket(settings.lake().bucket).blob(MONTH.object_name)
    blob.upload_from_string(b"somebody's own file")
    bucket.forget()
    assert not LakeMonthTarget(MONTH).exists()
    with pytest.raises(Terminal, match="not in the lake"):
        LakeMonthTarget(MONTH).object()


@pytest.mark.parametrize(
    "change",
    [{"rows_kept": 8}, {"rows_kept": None}, {"month": "2021-02"}, {"service": "green"}],
    ids=["unbalanced", "not_normalized", "another_month", "another_service"],
)
def test_an_object_whose_provenance_is_not_the_whole_months_is_no_target(path, change):
    put(path, replace(PROVENANCE, **change))
    assert not LakeMonthTarget(MONTH).exists()
    with pytest.raises(Terminal, match="not in the lake"):
        LakeMonthTarget(MONTH).object()


def test_a_sample_is_no_target_where_the_publishers_month_is_asked_for(path, monkeypatch):
    put(path)
    assert LakeMonthTarget(MONTH).exists()
    monkeypatch.setenv("TLC_BASE_URL", settings.PUBLISHER)
    assert not LakeMonthTarget(MONTH).exists()


def test_where_creation_is_off_no_right_to_look_at_the_bucket_is_needed(path, monkeypatch):
    def forbidden(*args, **kwargs):
        raise Forbidden("storage.buckets.get access denied")

    storage_client().create_bucket(settings.lake().bucket)
    luigi.configuration.get_config().set("lake", "create_bucket", "false")
    monkeypatch.setattr(storage.Client, "lookup_bucket", forbidden)
    assert put(path) == bucket.find(MONTH)


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


def test_an_unreachable_lake_is_named_and_is_not_an_absent_month(configured):
    config = luigi.configuration.get_config()
    config.set("connection:sandbox", "endpoint", "http://127.0.0.1:9")
    config.set("connection:sandbox", "timeout", "0.5")
    with pytest.raises(Transient, match="Cloud Storage failed listing"):
        LakeMonthTarget(MONTH).exists()


def test_a_bucket_is_made_where_the_settings_say(path):
    luigi.configuration.get_config().set("lake", "location", "EU")
    try:
        put(path)
    finally:
        luigi.configuration.get_config().remove_option("lake", "location")
    assert storage_client().get_bucket(settings.lake().bucket).location == "EU"


def test_a_bucket_that_another_run_made_meanwhile_is_taken(path, monkeypatch):
    make = storage.Client.create_bucket

    def made_by_another_first(client, *args, **kwargs):
        make(client, *args, **kwargs)
        return make(client, *args, **kwargs)

    monkeypatch.setattr(storage.Client, "create_bucket", made_by_another_first)
    assert put(path) == bucket.find(MONTH)


NEWER = replace(PROVENANCE, source_sha256="cd" * 32)


def test_a_bucket_that_is_made_keeps_what_is_replaced_with_its_record(path, tmp_path, monkeypatch):
    first = put(path)
    path.write_bytes(b"PAR1 the month, longer PAR1")
    second = put(path, NEWER)
    assert generations.versions(MONTH.object_name) == [put(path, NEWER), first] == [second, first]
    assert (second.provenance, first.provenance) == (NEWER, PROVENANCE)
    generations.fetch(first, tmp_path / "first")
    assert (tmp_path / "first").read_bytes() == b"PAR1 the month PAR1"
    assert generations.versions(MONTH.object_name[:-1]) == []

    def damaged(*args, **kwargs):
        raise DataCorruption(None, "Checksum mismatch")

    monkeypatch.setattr(storage.Blob, "download_to_filename", damaged)
    with pytest.raises(Transient, match="arrived with other bytes than the lake has"):
        generations.fetch(first, tmp_path / "first")


def test_of_a_bucket_that_keeps_no_versions_there_is_the_object_alone(path, tmp_path):
    assert generations.versions(MONTH.object_name) == []
    storage_client().create_bucket(settings.lake().bucket)
    first, second = put(path), put(path, NEWER)
    assert generations.versions(MONTH.object_name) == [second]
    with pytest.raises(Terminal, match=rf"Cloud Storage refused reading {first.uri}#"):
        generations.fetch(first, tmp_path / "first")
