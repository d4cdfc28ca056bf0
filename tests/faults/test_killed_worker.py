"""``kill -9`` of the worker at every boundary; the same command then ends the work, once."""

import signal

import pytest

from pipeline.core.months import TripMonth

JANUARY = TripMonth("yellow", 2021, 1)
ROWS = 60_000
RECORDING = "pipeline.bigquery.ledger.record"
ADOPTED = {RECORDING}
"""Moments at which the load was done and not recorded: its job is adopted, and not repeated."""


@pytest.fixture(autouse=True)
def settings(workspace):
    workspace.set("sandbox", sample_rows=ROWS)
    workspace.set("normalize", batch_rows=10_000, row_group_rows=10_000)


@pytest.mark.parametrize(
    "moment",
    [
        "DownloadMonth@5",
        "NormalizeMonth@20",
        "pipeline.lake.bucket._send",
        "LoadMonthToBQ@10",
        "pipeline.bigquery.ledger.record",
    ],
    ids=["download", "normalize", "upload", "load_submitted", "loaded_but_not_recorded"],
)
def test_the_same_command_again_ends_a_killed_run_with_every_row_once(
    moment, workspace, outcome, killed_at
):
    assert killed_at(moment) == -signal.SIGKILL
    before = [job.job_id for job in outcome.load_jobs()]
    done = workspace.load("--year", 2021, "--month", 1)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    outcome.assert_loaded_once(ROWS)
    [job] = outcome.load_jobs()
    if moment in ADOPTED:
        assert before == [job.job_id]
        assert workspace.query("SELECT job_id FROM _loads") == [{"job_id": job.job_id}]


def test_a_worker_killed_in_the_middle_of_a_chunked_upload_leaves_no_object(
    workspace, outcome, killed_at
):
    workspace.set("sandbox", sample_rows=800_000)
    assert killed_at("UploadMonthToGCS@1") == -signal.SIGKILL
    bucket, _ = outcome.clients()
    assert list(bucket.list_blobs("tlc-lake")) == []
    done = workspace.load("--year", 2021, "--month", 1)
    assert done.returncode == 0, done.stderr
    assert workspace.query("SELECT COUNT(*) AS n FROM yellow_trips") == [{"n": 800_000}]
    assert len(list(bucket.list_blobs("tlc-lake"))) == 1
    assert workspace.litter() == []


def test_while_a_month_is_made_again_and_that_is_killed_readers_keep_it(
    workspace, outcome, killed_at
):
    assert workspace.load("--year", 2021, "--month", 1).returncode == 0
    assert killed_at(RECORDING, "--redo-from", "normalize") == -signal.SIGKILL
    assert workspace.query("SELECT COUNT(*) AS n FROM yellow_trips") == [{"n": ROWS}]
    bucket, _ = outcome.clients()
    assert [blob.name for blob in bucket.list_blobs("tlc-lake")] == [JANUARY.object_name]
    assert workspace.tlc("verify").returncode == 10
    assert workspace.run("tlc", "redo", "yellow", "2021-01", "--from", "normalize").returncode == 0
    verified = workspace.tlc("verify", "--values")
    assert (verified.returncode, verified.stdout) == (0, "1 month agrees at every stage\n")
    assert workspace.litter() == []
