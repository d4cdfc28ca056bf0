"""What the dashboard shows of a run, asked of luigid's own HTTP API."""

import json
import re

import pytest
import requests
from support.luigid import Luigid
from support.publisher import FaultyPublisher, page
from support.waiting import wait_until
from support.workspace import Workspace

JANUARY = ("--year", 2021, "--month", 1)
STAGES = ("DownloadMonth", "NormalizeMonth", "UploadMonthToGCS", "LoadMonthToBQ")
LINKS = {
    "DownloadMonth": r"http://.+/trip-data/yellow_tripdata_2021-01\.parquet",
    "UploadMonthToGCS": r"http://.+/storage/v1/b/tlc-lake/o/trips%2Fservice=yellow%2Fmonth=2021-01",
    "LoadMonthToBQ": r"http://.+/bigquery/v2/projects/tlc-sandbox/jobs/tlc_yellow_202101_\w+\?loc",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """luigid after one run of the main job, and what that run said."""
    root = tmp_path_factory.mktemp("dashboard")
    place, luigid = Workspace(root), Luigid(root)
    place.set("core", scheduler_port=luigid.port)
    done = place.load(*JANUARY)
    yield luigid, done
    luigid.stop()
    place.close()


def opens(url):
    return requests.get(url, timeout=10).status_code == 200


def test_a_run_that_luigid_schedules_does_not_speak_of_another_scheduler(finished):
    luigid, done = finished
    assert done.returncode == 0, done.stderr
    assert "no luigid" not in done.stderr
    assert {*STAGES} <= {*luigid.tasks()}


@pytest.mark.parametrize("stage", STAGES)
def test_a_done_task_shows_all_of_its_progress(finished, stage):
    luigid, _ = finished
    task = luigid.tasks()[stage]
    assert task["status"] == "DONE"
    shown = luigid.ask("get_task_progress_percentage", task_id=task["id"])
    assert shown["progressPercentage"] == 100


@pytest.mark.parametrize("stage", STAGES)
def test_a_done_task_shows_a_message_with_its_month_and_numbers(finished, stage):
    luigid, _ = finished
    task = luigid.tasks()[stage]
    shown = luigid.ask("get_task_status_message", task_id=task["id"])["statusMessage"]
    assert re.match(r"yellow 2021-01: .*\d", shown)


@pytest.mark.parametrize("stage", LINKS)
def test_a_done_task_links_what_it_made_and_the_link_opens(finished, stage):
    luigid, _ = finished
    url = luigid.tasks()[stage]["tracking_url"]
    assert re.match(LINKS[stage], url)
    assert opens(url)


def test_a_load_shows_its_progress_and_its_job_while_it_runs(scheduled, luigid):
    scheduled.variables["TLC_SANDBOX_JOB_DELAY"] = "2"
    run = scheduled.popen(*scheduled.command(*JANUARY))

    def watched():
        assert run.poll() is None, run.communicate()
        task = luigid.tasks().get("LoadMonthToBQ", {})
        return task if task.get("status") == "RUNNING" and task["tracking_url"] else None

    task = wait_until(watched)
    assert 0 < task["progress_percentage"] < 100
    assert re.match(r"yellow 2021-01: load job tlc_yellow_202101_\w+ is", task["status_message"])
    assert opens(task["tracking_url"])
    _, told = run.communicate(timeout=60)
    assert run.returncode == 0, told


def test_a_failed_task_shows_its_error_in_one_line(scheduled, luigid):
    with FaultyPublisher() as publisher:
        publisher.serve(b"", "yellow_tripdata_2021-01.parquet").always = page()
        scheduled.variables["TLC_BASE_URL"] = publisher.url
        assert scheduled.load(*JANUARY).returncode == 30
    task = luigid.tasks()["DownloadMonth"]
    assert task["status"] == "FAILED"
    shown = json.loads(luigid.ask("fetch_error", task_id=task["id"])["error"])
    assert "yellow_tripdata_2021-01.parquet" in shown
    assert "Traceback" not in shown
    assert len(shown.splitlines()) == 1


def test_luigid_tells_its_start_and_stop_in_a_few_lines(luigid):
    assert luigid.ask("task_list", status="", upstream_status="") == {}
    assert luigid.stop() == 0
    told = luigid.log.read_text(encoding="utf-8")
    assert "Scheduler starting up" in told
    assert "Scheduler instance shutting down" in told
    assert len(told.splitlines()) < 10, told


def test_luigid_serves_its_dashboard(luigid):
    page = requests.get(f"{luigid.url}/static/visualiser/index.html", timeout=10)
    assert page.status_code == 200
    assert "Luigi Task Visualiser" in page.text
