"""A month and its quarantine in the lake: both of one version, or the month does not count."""

from dataclasses import replace
from pathlib import Path

import pytest
from google.api_core.exceptions import ServiceUnavailable

from pipeline.connections.google import storage_client
from pipeline.core import settings
from pipeline.core.errors import Transient
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket, upload
from pipeline.lake.target import LakeMonthTarget
from pipeline.schemas import service_schema

MONTH = TripMonth("fhv", 2019, 2)
VERSION = service_schema("fhv").version
ROWS, QUARANTINE = MONTH.object_name, MONTH.quarantine_object_name


class Version:
    """One version of the month, on local disk: ``quarantined`` of its ten rows."""

    def __init__(self, folder: Path, name: str, quarantined: int) -> None:
        self.path, self.quarantine = folder / f"{name}.parquet", folder / f"{name}.quarantine"
        self.path.write_bytes(f"PAR1 rows of {name} PAR1".encode())
        self.quarantine.write_bytes(f"PAR1 quarantine of {name} PAR1".encode())
        self.provenance = Provenance(
            service="fhv",
            month="2019-02",
            source_url="http://127.0.0.1/fhv_tripdata_2019-02.parquet",
            source_etag=f'"{name}"',
            source_last_modified="Fri, 18 Jun 2021 12:00:00 GMT",
            source_bytes=100,
            source_sha256="ab" * 32,
            source_rows=10,
        ).normalized(kept=10 - quarantined, quarantined=quarantined, schema_version=VERSION)

    def upload(self) -> bucket.LakeObject:
        return upload.upload_month(
            MONTH, self.path, self.quarantine, self.provenance, lambda sent: None
        )

    @property
    def contents(self) -> dict[str, bytes]:
        """What the lake holds when this version is in it."""
        objects = {ROWS: self.path.read_bytes()}
        if self.provenance.rows_quarantined:
            objects[QUARANTINE] = self.quarantine.read_bytes()
        return objects


@pytest.fixture
def dirty(configured, tmp_path):
    return Version(tmp_path, "dirty", quarantined=2)


@pytest.fixture
def clean(configured, tmp_path):
    return Version(tmp_path, "clean", quarantined=0)


@pytest.fixture
def dirtier(configured, tmp_path):
    return Version(tmp_path, "dirtier", quarantined=3)


def stored() -> dict[str, bytes]:
    blobs = storage_client().list_blobs(settings.lake().bucket)
    return {blob.name: blob.download_as_bytes() for blob in blobs}


def is_there() -> bool:
    bucket.forget()
    return LakeMonthTarget(MONTH).exists()


class Killed(BaseException):
    """The process ends here."""


def kill_before(step, monkeypatch):
    """Die instead of the request number ``step`` that changes the lake, from 1."""
    steps = []

    def dying(change):
        def watched(*args, **options):
            steps.append(args)
            if len(steps) == step:
                raise Killed
            return change(*args, **options)

        return watched

    for name in ("publish", "remove"):
        monkeypatch.setattr(upload, name, dying(getattr(upload, name)))


def test_a_month_comes_with_its_quarantine_and_both_carry_its_provenance(dirty):
    uploaded = dirty.upload()
    assert stored() == dirty.contents
    assert {known.provenance for known in bucket.objects().values()} == {dirty.provenance}
    assert is_there()
    assert LakeMonthTarget(MONTH).object() == uploaded


def test_a_month_without_quarantined_rows_is_one_object(clean):
    clean.upload()
    assert stored() == clean.contents
    assert is_there()


def test_uploading_again_changes_nothing(dirty):
    dirty.upload()
    before = bucket.objects()
    dirty.upload()
    bucket.forget()
    assert bucket.objects() == before


def test_a_month_without_the_quarantine_that_it_should_have_does_not_count(dirty):
    dirty.upload()
    storage_client().bucket(settings.lake().bucket).blob(QUARANTINE).delete()
    assert not is_there()
    bucket.forget()
    dirty.upload()
    assert stored() == dirty.contents


def test_the_quarantine_of_another_version_does_not_make_a_month_count(dirty):
    dirty.upload()
    another = replace(dirty.provenance, source_etag='"another"')
    known = bucket.objects()[QUARANTINE]
    bucket.publish(QUARANTINE, dirty.quarantine, another, known, lambda sent: None)
    assert not is_there()


def test_a_month_that_an_older_schema_made_does_not_count(clean):
    clean.provenance = replace(clean.provenance, schema_version=f"{VERSION}0")
    clean.upload()
    assert stored() == clean.contents
    assert not is_there()


@pytest.mark.parametrize("versions", ["dirty dirtier", "dirty clean", "clean dirty"])
@pytest.mark.parametrize("step", [1, 2])
def test_a_replacement_killed_at_any_step_is_ended_by_the_same_command(
    versions, step, request, monkeypatch
):
    older, newer = map(request.getfixturevalue, versions.split())
    older.upload()
    with monkeypatch.context() as weather:
        kill_before(step, weather)
        with pytest.raises(Killed):
            newer.upload()
    assert_whole_or_absent(older, newer)
    newer.upload()
    assert stored() == newer.contents
    assert is_there()


def assert_whole_or_absent(*versions):
    held = stored()
    assert held[ROWS] in [version.contents[ROWS] for version in versions]
    assert is_there() == any(held == version.contents for version in versions)


def test_a_first_upload_killed_between_quarantine_and_month_is_no_month(dirty, monkeypatch):
    with monkeypatch.context() as weather:
        kill_before(2, weather)
        with pytest.raises(Killed):
            dirty.upload()
    assert stored().keys() == {QUARANTINE}
    assert not is_there()
    dirty.upload()
    assert stored() == dirty.contents


def test_of_two_versions_at_once_the_slower_one_is_not_published(dirty, dirtier):
    listed = bucket.objects()
    assert listed == {}
    dirty.upload()
    with pytest.raises(Transient, match="not the file that was sent"):
        racing(listed, dirtier)
    assert stored() == dirty.contents
    assert is_there()


def test_two_runs_of_one_version_at_once_are_one_month(dirty):
    listed = bucket.objects()
    first = dirty.upload()
    assert racing(listed, dirty) == first
    assert stored() == dirty.contents


def test_a_quarantine_that_another_run_replaced_meanwhile_is_not_deleted(dirty, dirtier, clean):
    dirty.upload()
    listed = bucket.objects()
    known = listed[QUARANTINE]
    bucket.publish(QUARANTINE, dirtier.quarantine, dirtier.provenance, known, lambda sent: None)
    with pytest.raises(Transient, match="another run replaced gs://"):
        racing(listed, clean)
    assert stored()[QUARANTINE] == dirtier.contents[QUARANTINE]
    assert not is_there()
    clean.upload()
    assert stored() == clean.contents


def test_a_quarantine_that_is_gone_already_is_no_error(dirty, clean):
    dirty.upload()
    listed = bucket.objects()
    storage_client().bucket(settings.lake().bucket).blob(QUARANTINE).delete()
    racing(listed, clean)
    assert stored() == clean.contents


def test_a_quarantine_that_cannot_be_deleted_is_named(dirty, clean, monkeypatch):
    def unavailable(*args, **kwargs):
        raise ServiceUnavailable("weather")

    dirty.upload()
    with monkeypatch.context() as weather:
        weather.setattr("google.cloud.storage.Blob.delete", unavailable)
        with pytest.raises(Transient, match=r"failed deleting gs://.*quarantine/service=fhv"):
            clean.upload()
    assert not is_there()
    clean.upload()
    assert is_there()


def racing(listed, version):
    """Upload as a run does that listed the lake earlier."""
    with pytest.MonkeyPatch.context() as weather:
        weather.setattr(upload, "objects", lambda: listed)
        return version.upload()
