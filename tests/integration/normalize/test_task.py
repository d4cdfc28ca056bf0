"""The task as a real worker runs it, on a raw file that is there already."""

import luigi
import pyarrow as pa
import pytest
from luigi.scheduler import Scheduler
from luigi.worker import Worker

from pipeline import NormalizeMonth


@pytest.fixture
def task(setting, data_dir, month):
    setting("local", data_dir=data_dir)
    return NormalizeMonth(service=month.service, year=month.year, month=month.month)


@pytest.fixture
def raw(shared_tlc, leave_raw, month):
    return leave_raw((shared_tlc / "green_tripdata_2021-01.parquet").read_bytes(), month)


def build(task):
    return luigi.build([task], local_scheduler=True, detailed_summary=True)


def test_a_worker_normalizes_a_downloaded_month_once(task, raw, target):
    assert build(task).status == luigi.LuigiStatusCode.SUCCESS
    assert target.exists()
    written = target.path.stat().st_mtime_ns
    assert "1 complete ones were encountered" in build(task).summary_text
    assert target.path.stat().st_mtime_ns == written


def test_the_dashboard_shows_percent_and_rows_and_no_link_that_no_browser_opens(task, raw, setting):
    setting("normalize", batch_rows=10_000, row_group_rows=10_000)
    scheduler = Scheduler()
    with Worker(scheduler=scheduler) as worker:
        worker.add(task)
        assert worker.run()
    shown = scheduler.task_list("DONE", "")[task.task_id]
    assert shown["progress_percentage"] == 100
    assert shown["status_message"].startswith("green 2021-01: 76,518 rows kept, 0 quarantined; ")
    assert shown["tracking_url"] is None


def test_one_line_tells_what_was_kept_and_what_is_odd(task, raw, caplog):
    with caplog.at_level("INFO", logger="pipeline"):
        task.run()
    assert [record.getMessage() for record in caplog.records if record.name != "luigi"] == [
        "green 2021-01: normalized: 76,518 rows kept, 0 quarantined; absurd distance 63, "
        "negative fare 134, negative total 134, outside month 3, unknown zone 747"
    ]


def test_the_line_ends_with_what_is_to_be_told(task, trips, leave_raw, month, caplog):
    leave_raw(trips(2).append_column("surge", pa.array([1, 2])), month)
    with caplog.at_level("INFO", logger="pipeline"):
        task.run()
    assert caplog.messages[-1].endswith(
        "missing zone 2; differs from 2024-08: 76,518 -> 2; "
        "columns that no schema knows are not kept: surge"
    )


def test_a_month_that_cannot_be_normalized_fails_the_run_and_leaves_no_target(
    task, trips, leave_raw, month, target
):
    leave_raw(trips(3).drop_columns("extra"), month)
    assert build(task).status == luigi.LuigiStatusCode.FAILED
    assert not target.exists()
