"""``kill -9`` of the worker at every boundary; the same command then ends the work, once."""

import signal

import pytest

ROWS = 60_000


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
    done = workspace.load("--year", 2021, "--month", 1)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    outcome.assert_loaded_once(ROWS)
    assert len(outcome.load_jobs()) == 1


def test_a_load_that_finished_unrecorded_is_adopted_and_not_repeated(workspace, outcome, killed_at):
    killed_at("pipeline.bigquery.ledger.record")
    before = [job.job_id for job in outcome.load_jobs()]
    assert len(before) == 1
    workspace.load("--year", 2021, "--month", 1)
    assert [job.job_id for job in outcome.load_jobs()] == before
    assert workspace.query("SELECT job_id FROM _loads") == [{"job_id": before[0]}]


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
