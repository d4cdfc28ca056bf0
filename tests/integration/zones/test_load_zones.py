"""The zones on their way to the warehouse: done once, replaced as a whole, never half done."""

import pyarrow.parquet as pq
import pytest
from luigi import LuigiStatusCode
from support.raw_files import files_below
from support.zones import execute, forget, ledger_rows, loaded_rows, run

from pipeline import DownloadZones, LoadZones, UploadZonesToGCS
from pipeline.bigquery import ledger
from pipeline.connections.google import bigquery_client
from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.files import part_path
from pipeline.core.provenance import Provenance
from pipeline.lake import bucket
from pipeline.schemas import zone_schema
from pipeline.zones.lookup import ZONE_LOOKUP
from pipeline.zones.table import write_canonical

PUBLICATIONS = (
    "pathlib.Path.replace",
    "google.cloud.storage.Blob.upload_from_file",
    "google.cloud.bigquery.Client.load_table_from_uri",
    "google.cloud.bigquery.Client.load_table_from_json",
)
"""The calls that publish, in their order."""


def test_the_zones_are_brought_to_disk_lake_and_table_with_one_provenance(place, publisher, zones):
    assert run() == LuigiStatusCode.SUCCESS
    assert ZONE_LOOKUP.raw_path(place).read_bytes() == zones.served.content
    assert loaded_rows() == zones.rows
    load, stored = ledger.find_zones(), bucket.find(ZONE_LOOKUP)
    told = load.provenance
    assert (told.service, told.month, told.rows_kept, told.rows_quarantined) == ("zones", "", 3, 0)
    assert told.source_url == ZONE_LOOKUP.url(publisher.url)
    assert (told.source_etag, told.source_sha256) == (zones.served.etag, zones.served.sha256)
    assert (stored.provenance, stored.generation) == (told, load.object_generation)
    assert footer(ZONE_LOOKUP.canonical_path(place)) == told
    assert ledger.loaded_months() == {}
    table = bigquery_client().get_table(f"{settings.bigquery().dataset}.taxi_zones")
    assert [(field.name, field.description) for field in table.schema] == [
        (column.name, column.description) for column in zone_schema().columns
    ]


def footer(path):
    assert pq.read_schema(path).remove_metadata() == zone_schema().arrow_schema()
    pairs = pq.read_metadata(path).metadata
    return Provenance.from_metadata({key.decode(): text.decode() for key, text in pairs.items()})


def test_a_second_run_asks_the_publisher_nothing_and_loads_nothing(publisher, zones):
    run()
    asked, jobs = len(publisher.requests), load_jobs()
    assert run() == LuigiStatusCode.SUCCESS
    assert (len(publisher.requests), load_jobs(), ledger_rows()) == (asked, jobs, 1)


def load_jobs():
    return [job.job_id for job in bigquery_client().list_jobs() if job.job_type == "load"]


def test_a_replaced_lookup_replaces_the_table_once_the_zones_are_asked_for_anew(zones, remove):
    run()
    before = list(zones.rows)
    zones.add(266, "Bronx", "Anywhere", "Boro Zone")
    assert run() == LuigiStatusCode.SUCCESS
    assert loaded_rows() == before
    remove()
    assert run() == LuigiStatusCode.SUCCESS
    assert loaded_rows() == zones.rows
    assert ledger.find_zones().provenance.source_etag == zones.served.etag


def test_the_same_lookup_asked_for_anew_adopts_the_job_that_loaded_it(zones, remove):
    run()
    job_id = ledger.find_zones().job_id
    remove()
    assert run() == LuigiStatusCode.SUCCESS
    assert (ledger.find_zones().job_id, ledger_rows()) == (job_id, 1)


def test_a_table_that_somebody_changed_is_loaded_again(zones):
    run()
    execute("DELETE FROM taxi_zones WHERE LocationID = 1")
    forget()
    assert not LoadZones().complete()
    assert run() == LuigiStatusCode.SUCCESS
    assert loaded_rows() == zones.rows
    forget()
    assert LoadZones().complete()


def test_zones_of_a_sample_never_count_as_the_real_ones(zones, monkeypatch):
    run()
    tasks = [DownloadZones(), UploadZonesToGCS(), LoadZones()]
    assert all(task.complete() for task in tasks)
    monkeypatch.setenv("TLC_BASE_URL", settings.PUBLISHER)
    assert not any(task.complete() for task in tasks)


def test_a_run_that_ends_at_any_publication_is_ended_by_the_next(zones, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(5, "Input/output error")

    for publication in PUBLICATIONS:
        with monkeypatch.context() as weather:
            weather.setattr(publication, fail)
            assert run() == LuigiStatusCode.FAILED, publication
        forget()
        assert not LoadZones().complete(), publication
    assert run() == LuigiStatusCode.SUCCESS
    assert (loaded_rows(), ledger_rows()) == (zones.rows, 1)


def test_what_a_killed_process_left_of_the_canonical_file_is_not_in_it(place, zones):
    run(DownloadZones)
    raw, path = DownloadZones().output(), ZONE_LOOKUP.canonical_path(place)
    path.parent.mkdir(parents=True)
    part_path(path).write_bytes(b"left" * 10_000)
    record = write_canonical(raw.path, raw.provenance(), path)
    assert footer(path) == record
    assert files_below(path.parent) == [path.name]


def test_a_raw_lookup_that_was_damaged_since_is_not_published(place, zones):
    run(DownloadZones)
    raw = ZONE_LOOKUP.raw_path(place)
    raw.write_bytes(b"x" * raw.stat().st_size)
    with pytest.raises(Terminal, match="is no zone lookup; seen: its header is 'xxx"):
        UploadZonesToGCS().run()
    assert bucket.find(ZONE_LOOKUP) is None
