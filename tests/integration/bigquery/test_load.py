"""Loading a month: one partition, one job whatever happens, one ledger row in force."""

from dataclasses import replace
from datetime import timedelta

import luigi
import pytest
from support.publisher import FaultyPublisher

from pipeline import LoadMonthToBQ
from pipeline.bigquery import jobs, ledger, load
from pipeline.bigquery.definitions import dataset_path
from pipeline.bigquery.partition import MonthPartition
from pipeline.bigquery.tables import ensure_tables
from pipeline.connections.google import bigquery_client, select, storage_client
from pipeline.core import settings
from pipeline.core.errors import Terminal, Transient
from pipeline.core.months import TripMonth
from pipeline.lake import bucket
from pipeline.sandbox.publisher.samples import write_sample
from pipeline.schemas import service_schema

JANUARY, FEBRUARY = TripMonth("yellow", 2021, 1), TripMonth("yellow", 2021, 2)


@pytest.fixture
def publisher(configured, tmp_path, monkeypatch):
    with FaultyPublisher() as running:
        monkeypatch.setenv("TLC_BASE_URL", running.url)
        for month in (JANUARY, FEBRUARY):
            path = tmp_path / month.file_name
            write_sample(month, 400, path)
            running.serve(path, month.file_name)
        yield running


@pytest.fixture
def version(tmp_path):
    """Bytes of January with so many rows, as TLC would publish it again."""

    def make(rows: int) -> bytes:
        path = tmp_path / "version.parquet"
        write_sample(JANUARY, rows, path)
        return path.read_bytes()

    return make


def run(month: TripMonth) -> luigi.LuigiStatusCode:
    bucket.forget()
    ledger.forget()
    task = LoadMonthToBQ(service=month.service, year=month.year, month=month.month)
    done = luigi.build([task], local_scheduler=True, detailed_summary=True)
    assert isinstance(done, luigi.execution_summary.LuigiRunResult)
    return done.status


def republish(publisher, month, content, configured) -> None:
    """Replace the month at the publisher and have every stage take the new version."""
    publisher.serve(content, month.file_name)
    for path in (month.raw_path(configured), month.canonical_path(configured)):
        path.unlink()
    client = bigquery_client()
    client.query_and_wait(f"DELETE FROM `{dataset_path()}._loads` WHERE month = '2021-01-01'")
    storage_client().bucket(settings.lake().bucket).blob(month.object_name).delete()


def forget_loads() -> None:
    """Delete the ledger's rows, as if no run had lived to write them."""
    bigquery_client().query_and_wait(f"DELETE FROM `{dataset_path()}._loads` WHERE TRUE")
    ledger.forget()


def by_another_process(loaded) -> None:
    """Record a load behind this process's back, which remembers what the ledger said."""
    ledger._append(ledger._as_row(loaded), f"{loaded.job_id}_ledger").result()


def rows_by_month():
    rows = select("SELECT source_month, COUNT(*) AS n FROM yellow_trips GROUP BY 1 ORDER BY 1")
    return {f"{row['source_month']:%Y-%m}": row["n"] for row in rows}


def load_jobs():
    listed = [job for job in bigquery_client().list_jobs() if job.job_type == "load"]
    ours = [job for job in listed if job.destination.dataset_id == dataset_path().split(".")[1]]
    return sorted(job.job_id for job in ours if job.destination.table_id != "_loads")


def test_a_month_is_loaded_beside_the_others(publisher):
    assert run(JANUARY) == run(FEBRUARY) == luigi.LuigiStatusCode.SUCCESS
    assert rows_by_month() == {"2021-01": 400, "2021-02": 400}


def test_the_table_tells_what_its_columns_mean_and_how_it_is_laid_out(publisher):
    run(JANUARY)
    table = bigquery_client().get_table(f"{dataset_path()}.yellow_trips")
    assert all(field.description for field in table.schema)
    assert (table.time_partitioning.type_, table.time_partitioning.field) == (
        "MONTH",
        "source_month",
    )
    assert table.clustering_fields == ["tpep_pickup_datetime", "PULocationID"]
    assert table.labels["service"] == "yellow"


def test_a_replaced_month_replaces_exactly_its_partition(publisher, version, configured):
    run(JANUARY)
    run(FEBRUARY)
    republish(publisher, JANUARY, version(300), configured)
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert rows_by_month() == {"2021-01": 300, "2021-02": 400}


def test_a_month_that_returns_to_an_earlier_version_is_loaded_again(publisher, version, configured):
    first = version(400)
    run(JANUARY)
    republish(publisher, JANUARY, version(300), configured)
    run(JANUARY)
    republish(publisher, JANUARY, first, configured)
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert rows_by_month() == {"2021-01": 400}
    assert [job_id.rsplit("_", 1)[1] for job_id in load_jobs()].count("a2") == 1


def test_a_job_id_that_failed_is_spent_and_the_next_one_is_taken(publisher, monkeypatch):
    with monkeypatch.context() as weather:
        weather.setattr(bucket.LakeObject, "uri", property(lambda self: "gs://nobody/nothing"))
        assert run(JANUARY) == luigi.LuigiStatusCode.FAILED
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert [job_id[-3:] for job_id in load_jobs()] == ["_a1", "_a2"]
    assert rows_by_month() == {"2021-01": 400}


def test_a_repeated_id_is_adopted_with_its_ledger_row_written_once(publisher, monkeypatch):
    def die(*args):
        raise KeyError("weather")

    with monkeypatch.context() as weather:
        weather.setattr(ledger, "record", die)
        assert run(JANUARY) == luigi.LuigiStatusCode.FAILED
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert len(load_jobs()) == 1
    (row,) = select("SELECT COUNT(*) AS n FROM _loads")
    assert row["n"] == 1


def test_recording_twice_leaves_one_row(publisher):
    run(JANUARY)
    found = ledger.find(JANUARY)
    ledger.record(found)
    (row,) = select("SELECT COUNT(*) AS n FROM _loads")
    assert row["n"] == 1


def test_a_ledger_row_that_was_deleted_is_written_again(publisher):
    run(JANUARY)
    forget_loads()
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert len(load_jobs()) == 1
    assert ledger.find(JANUARY).is_whole


@pytest.mark.parametrize(
    "sql", ["DELETE FROM {} WHERE VendorID = 2", "INSERT INTO {} SELECT * FROM {}"]
)
def test_a_partition_that_disagrees_with_the_ledger_is_not_loaded(publisher, sql):
    run(JANUARY)
    table = f"`{dataset_path()}.yellow_trips`"
    bigquery_client().query_and_wait(sql.format(table, table))
    ledger.forget()
    assert not ledger.find(JANUARY).is_whole
    assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
    assert rows_by_month() == {"2021-01": 400}


def test_a_table_with_other_partitions_is_refused_with_both_layouts(publisher):
    from google.cloud.bigquery import Table

    ensure_tables("yellow")
    client = bigquery_client()
    wanted = client.get_table(f"{dataset_path()}.yellow_trips")
    client.delete_table(wanted)
    client.create_table(Table(wanted.reference, schema=wanted.schema))
    with pytest.raises(Terminal) as refused:
        ensure_tables("yellow")
    assert "seen: none; expected: MONTH on source_month" in str(refused.value)


def test_a_column_that_somebody_added_is_left_alone(publisher):
    from google.cloud.bigquery import SchemaField

    run(JANUARY)
    client = bigquery_client()
    table = client.get_table(f"{dataset_path()}.yellow_trips")
    table.schema = [*table.schema, SchemaField("note", "STRING")]
    client.update_table(table, ["schema"])
    assert run(FEBRUARY) == luigi.LuigiStatusCode.SUCCESS
    assert rows_by_month() == {"2021-01": 400, "2021-02": 400}


def test_the_jobs_name_is_made_from_the_content(publisher):
    run(JANUARY)
    told = ledger.find(JANUARY).provenance
    stem = load.job_stem(MonthPartition(JANUARY), told)
    version = service_schema("yellow").version
    assert stem == f"tlc_yellow_202101_{told.source_sha256[:12]}_{version}"
    assert load_jobs() == [f"{stem}_a1"]


@pytest.mark.parametrize("setting", [("bigquery", "dataset"), ("lake", "bucket")], ids="-".join)
def test_a_job_from_another_bucket_or_into_another_dataset_is_not_adopted(
    publisher, monkeypatch, setting
):
    run(JANUARY)
    section, key = setting
    config = luigi.configuration.get_config()
    monkeypatch.setitem(config[section], key, f"{config[section][key]}_2")
    for _ in range(2):
        ensure_tables("yellow")
        forget_loads()
        assert run(JANUARY) == luigi.LuigiStatusCode.SUCCESS
        assert ledger.find(JANUARY).job_id.endswith("_a2")
    assert rows_by_month() == {"2021-01": 400}


@pytest.mark.parametrize(("hours", "attempt"), [(1, "_a2"), (-1, "_a1")], ids=["later", "earlier"])
def test_a_job_is_adopted_unless_another_loaded_the_month_since(publisher, hours, attempt):
    run(JANUARY)
    found = ledger.find(JANUARY)
    forget_loads()
    other = replace(found, job_id="other", loaded_at=found.loaded_at + timedelta(hours=hours))
    assert ledger.find(JANUARY) is None
    by_another_process(other)
    assert reload(bucket.find(JANUARY)).job_id.endswith(attempt)


def test_the_ledger_tells_the_jobs_end_and_the_objects_generation(publisher):
    run(JANUARY)
    found, source = ledger.find(JANUARY), bucket.find(JANUARY)
    assert found.loaded_at == bigquery_client().get_job(found.job_id).ended
    assert (found.object_uri, found.object_generation) == (source.uri, source.generation)


def test_an_object_that_was_replaced_while_it_was_loaded_is_not_recorded(publisher):
    run(JANUARY)
    listed = bucket.find(JANUARY)
    blob = storage_client().bucket(settings.lake().bucket).blob(JANUARY.object_name)
    blob.upload_from_string(blob.download_as_bytes())
    with pytest.raises(Transient, match="another run replaced the lake's object"):
        reload(listed)


def test_a_partition_of_other_rows_than_the_objects_is_refused(publisher):
    run(JANUARY)
    told = bucket.find(JANUARY).provenance
    for kept in (told.rows_kept - 1, told.rows_kept + 1):
        source = replace(bucket.find(JANUARY), provenance=replace(told, rows_kept=kept))
        with pytest.raises(Terminal, match=f"400 rows loaded by .* expected: {kept} rows kept"):
            reload(source)


def test_an_object_without_provenance_is_never_loaded(publisher):
    run(JANUARY)
    with pytest.raises(Terminal, match="carries no provenance"):
        reload(replace(bucket.find(JANUARY), provenance=None))
    assert len(load_jobs()) == 1


def reload(source):
    return load.load_object(MonthPartition(JANUARY), source, lambda job: None)


def test_attempts_are_bounded(publisher, monkeypatch):
    from google.api_core.exceptions import Conflict

    run(JANUARY)

    def known(job_id):
        raise Conflict("Already Exists")

    monkeypatch.setattr(jobs, "ATTEMPTS", 3)
    monkeypatch.setattr(jobs, "_known_job", lambda job_id: next(bigquery_client().list_jobs()))
    with pytest.raises(Terminal, match="none is in force"):
        jobs.run_once("stem", known, lambda job: False, lambda job: None)
