"""What every target promises, each judged by the same sentences.

After the contract that Luigi's own tests hold its targets to: nothing is there until all of it is,
a failure leaves nothing that counts, and what is read back is what was written.
"""

import pathlib

import luigi
import pytest

from pipeline import DownloadMonth, LoadMonthToBQ, NormalizeMonth, UploadMonthToGCS
from pipeline.bigquery import ledger
from pipeline.lake import bucket

TASKS = [DownloadMonth, NormalizeMonth, UploadMonthToGCS, LoadMonthToBQ]
PUBLISHING = {
    DownloadMonth: (pathlib.Path, "replace"),
    NormalizeMonth: (pathlib.Path, "replace"),
    UploadMonthToGCS: ("google.cloud.storage.Blob", "upload_from_file"),
    LoadMonthToBQ: ("google.cloud.bigquery.Client", "load_table_from_uri"),
}
"""The call that publishes each target, which a test makes fail as weather would."""


@pytest.fixture(params=TASKS, ids=lambda task: task.__name__)
def task(request, configured):
    return request.param(service="green", year=2023, month=3)


def run(task):
    bucket.forget()
    ledger.forget()
    return luigi.build([task], local_scheduler=True, detailed_summary=True)


def upstream(task):
    required = task.requires()
    return required if type(required) in TASKS else None


def provenance(task):
    target = task.output()
    if isinstance(task, LoadMonthToBQ):
        return ledger.find(target.month).provenance
    if isinstance(task, UploadMonthToGCS):
        return target.object().provenance
    return target.provenance()


def test_a_target_is_absent_before_its_task_ran_and_there_after(task):
    assert not task.output().exists()
    assert run(task).scheduling_succeeded
    assert task.output().exists()


def test_a_failure_at_the_moment_of_publication_leaves_no_target(task, monkeypatch):
    if before := upstream(task):
        run(before)

    def fail(*args, **kwargs):
        raise OSError(5, "Input/output error")

    owner, name = PUBLISHING[type(task)]
    with monkeypatch.context() as weather:
        weather.setattr(owner if isinstance(owner, type) else f"{owner}.{name}", *(
            (name, fail) if isinstance(owner, type) else (fail,)
        ))  # fmt: skip
        assert run(task).status == luigi.LuigiStatusCode.FAILED
    bucket.forget()
    ledger.forget()
    assert not task.output().exists()
    run(task)
    assert task.output().exists()


def test_what_is_read_back_is_the_provenance_that_was_written(task):
    run(task)
    told = provenance(task)
    assert (told.service, told.month) == ("green", "2023-03")
    assert told.source_rows == 500
    if not isinstance(task, DownloadMonth):
        assert told.is_balanced


def test_one_months_target_says_nothing_of_another_month(task):
    run(task)
    other = task.clone(month=4)
    assert not other.output().exists()


def test_publishing_again_leaves_the_same_version(task):
    run(task)
    before = provenance(task)
    task.run()
    bucket.forget()
    ledger.forget()
    assert task.output().exists()
    assert provenance(task) == before
