"""What the pipeline relies on BigQuery's jobs for: ids, locations, states, uploads, copies."""

import io
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud.bigquery import CopyJobConfig, LoadJobConfig, SchemaField
from support.warehouse import MONTHLY, RETRY, TIMEOUT, Place, finished

SCHEMA = [SchemaField("source_month", "DATE"), SchemaField("n", "INT64")]
LOAD = {"schema": SCHEMA, "time_partitioning": MONTHLY}
JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)
ANY = {"timeout": TIMEOUT, "retry": RETRY}


def rows(first_day: date, *numbers: int) -> dict[str, Any]:
    return {"source_month": pa.array([first_day] * len(numbers)), "n": pa.array(numbers)}


def new_id() -> str:
    return f"tlc_test_{uuid.uuid4().hex}"


def test_a_job_id_is_used_once_and_the_first_job_can_be_fetched(place: Place) -> None:
    uri, job_id = place.put("a", rows(JANUARY, 1, 2)), new_id()
    place.load(uri, "t", job_id=job_id, **LOAD)
    with pytest.raises(exceptions.Conflict, match=f"Already Exists: Job .*{job_id}"):
        place.begin_load(uri, "other", job_id=job_id, **LOAD)
    first = place.client.get_job(job_id, location="US", **ANY)
    assert (first.state, first.output_rows, first.destination.table_id) == ("DONE", 2, "t")
    assert first.source_uris == [uri]
    assert place.client.get_table(place.table("t")).num_rows == 2


def test_the_id_of_a_failed_job_is_used_up_too_and_keeps_its_error(place: Place) -> None:
    uri, job_id = f"gs://{place.bucket.name}/nothing", new_id()
    with pytest.raises(exceptions.NotFound):
        place.load(uri, "t", job_id=job_id, **LOAD)
    with pytest.raises(exceptions.Conflict):
        place.begin_load(uri, "t", job_id=job_id, **LOAD)
    failed = place.client.get_job(job_id, location="US", **ANY)
    assert (failed.state, failed.error_result["reason"]) == ("DONE", "notFound")
    assert failed.errors


def test_a_job_is_found_in_its_own_location_only(place: Place) -> None:
    job = place.load(place.put("a", rows(JANUARY, 1)), "t", **LOAD)
    assert place.client.get_job(job.job_id, **ANY).job_id == job.job_id
    with pytest.raises(exceptions.NotFound, match="Not found: Job"):
        place.client.get_job(job.job_id, location="EU", **ANY)


def test_a_load_in_another_location_than_its_dataset_is_refused(place: Place) -> None:
    uri = place.put("a", rows(JANUARY, 1))
    with pytest.raises(exceptions.NotFound, match=r"Not found: Dataset .* in location EU"):
        place.load(uri, "t", location="EU", **LOAD)


def test_a_load_into_a_missing_dataset_is_refused(place: Place) -> None:
    uri = place.put("a", rows(JANUARY, 1))
    target = f"{place.client.project}.{place.name}_missing.t"
    config = LoadJobConfig(source_format="PARQUET", **LOAD)
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        finished(place.client.load_table_from_uri(uri, target, job_config=config, **ANY))


def test_jobs_are_listed_newest_first_and_by_state(place: Place) -> None:
    uri = place.put("a", rows(JANUARY, 1))
    ids = [place.load(uri, "t", **LOAD).job_id for _ in range(3)]
    listed = [job.job_id for job in place.client.list_jobs(state_filter="done", page_size=2)]
    assert [job_id for job_id in listed if job_id in ids] == ids[::-1]
    assert not set(ids) & {job.job_id for job in place.client.list_jobs(state_filter="pending")}


def test_a_finished_job_tells_its_times_and_counts(place: Place) -> None:
    job = place.load(place.put("a", rows(JANUARY, 1, 2)), "t", **LOAD)
    assert job.created <= job.started <= job.ended
    assert (job.output_rows, job.output_bytes, job.input_files) == (2, 32, 1)
    assert job.input_file_bytes > 0


def test_cancelling_a_finished_job_changes_nothing(place: Place) -> None:
    job = place.load(place.put("a", rows(JANUARY, 1)), "t", **LOAD)
    assert job.cancel(**ANY)
    assert place.client.get_job(job.job_id, **ANY).error_result is None


def test_a_parquet_file_can_be_uploaded_in_one_request(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table(rows(JANUARY, 1, 2)), file)
    with file.open("rb") as content:
        job = place.client.load_table_from_file(
            content,
            place.table("t$202101"),
            size=file.stat().st_size,
            job_config=LoadJobConfig(source_format="PARQUET", **LOAD),
            timeout=TIMEOUT,
        )
    assert finished(job).output_rows == 2


def test_a_parquet_file_can_be_uploaded_in_chunks(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    numbers = pa.array(range(1_000_000))
    pq.write_table(pa.table({"n": numbers}), file, compression="none", use_dictionary=False)
    with file.open("rb") as content:
        job = place.client.load_table_from_file(
            content,
            place.table("t"),
            job_config=LoadJobConfig(source_format="PARQUET", schema=SCHEMA),
            timeout=TIMEOUT,
        )
    assert finished(job).output_rows == 1_000_000
    assert place.rows("SELECT SUM(n) FROM {d}.t") == [(sum(range(1_000_000)),)]


def test_rows_can_be_loaded_as_json(place: Place) -> None:
    sent = [{"source_month": "2021-01-01", "N": 1}, {"source_month": "2021-01-01", "n": None}]
    config = LoadJobConfig(schema=SCHEMA)
    finished(place.client.load_table_from_json(sent, place.table("t"), job_config=config))
    assert place.rows("SELECT * FROM {d}.t ORDER BY n") == [(JANUARY, None), (JANUARY, 1)]


@pytest.mark.parametrize(
    "row", [{"n": "one"}, {"n": 1.5}, {"m": 1}, {"source_month": "2021-13-01"}]
)
def test_json_of_another_type_or_name_fails_the_load(place: Place, row: dict[str, Any]) -> None:
    config = LoadJobConfig(schema=SCHEMA)
    job = place.client.load_table_from_json([row], place.table("t"), job_config=config)
    with pytest.raises(exceptions.BadRequest):
        finished(job)


def test_text_that_is_not_json_fails_the_load(place: Place) -> None:
    config = LoadJobConfig(schema=SCHEMA, source_format="NEWLINE_DELIMITED_JSON")
    job = place.client.load_table_from_file(
        io.BytesIO(b"{oops\n"), place.table("t"), job_config=config
    )
    with pytest.raises(exceptions.BadRequest):
        finished(job)


def test_a_copied_table_keeps_rows_schema_and_partitions(place: Place) -> None:
    place.load(place.put("a", rows(JANUARY, 1, 2)), "t", **LOAD)
    place.copy("t", "copied")
    copied = place.client.get_table(place.table("copied"))
    assert (copied.num_rows, copied.time_partitioning.type_) == (2, "MONTH")
    assert copied.schema == place.client.get_table(place.table("t")).schema
    with pytest.raises(exceptions.Conflict):
        place.copy("t", "copied")


def test_one_partition_can_be_copied_over_the_same_one_of_another_table(place: Place) -> None:
    for table, number in (("t", 1), ("other", 7)):
        for day in (JANUARY, FEBRUARY):
            uri = place.put(f"{table}{day}", rows(day, number))
            place.load(uri, f"{table}${day:%Y%m}", **LOAD)
    place.copy("t$202101", "other$202101", write_disposition="WRITE_TRUNCATE")
    assert place.rows("SELECT source_month, n FROM {d}.other ORDER BY 1") == [
        (JANUARY, 1),
        (FEBRUARY, 7),
    ]


def test_a_copy_of_a_missing_table_fails(place: Place) -> None:
    with pytest.raises(exceptions.NotFound):
        finished(
            place.client.copy_table(
                place.table("nothing"), place.table("t"), job_config=CopyJobConfig(), **ANY
            )
        )
