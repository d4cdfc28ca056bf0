"""Many months in one run: each for itself, all told by one query, and nothing twice."""

from datetime import date

import luigi
import pytest
from support.months import months
from support.publisher import page, status

from pipeline import LoadMonths, LoadPublished, LoadRange
from pipeline.bigquery import ledger
from pipeline.core.months import TripMonth
from pipeline.lake import bucket

JANUARY, FEBRUARY, MARCH = months("green", "2021-01..2021-03")
DONE, NOT_PUBLISHED, NOT_RUN, FAILED, NOT_SCHEDULED = 0, 20, 25, 30, 35


def in_lake():
    return sorted(name.rpartition("_")[2].removesuffix(".parquet") for name in bucket.objects())


def first_quarter():
    return LoadMonths(service="green", year=2021, months="1,2,3", to="lake")


def test_a_month_that_fails_keeps_no_other_from_being_loaded_and_the_next_run_does_the_rest(
    publisher, run, scheduler
):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    served = publisher.files[FEBRUARY.file_name]
    served.always = page()
    assert run(first_quarter()) == FAILED
    assert in_lake() == ["2021-01", "2021-03"]
    assert scheduler.told[-1] == "green 2021, months 1,2,3: 2 of 3 months in lake"
    served.always = None
    assert run(first_quarter()) == DONE
    assert in_lake() == ["2021-01", "2021-02", "2021-03"]


def test_a_named_month_that_is_not_published_is_missing_after_all_others_are_loaded(publisher, run):
    publisher.publish(MARCH, JANUARY)
    assert run(first_quarter()) == NOT_PUBLISHED
    assert in_lake() == ["2021-01", "2021-03"]


def test_a_month_about_which_the_publisher_cannot_answer_keeps_no_other_from_being_loaded(
    publisher, run
):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    publisher.files[FEBRUARY.file_name].head = [status(400)]
    assert run(first_quarter()) == NOT_SCHEDULED
    assert in_lake() == ["2021-01", "2021-03"]


def test_a_month_that_another_worker_has_is_left_to_it_and_the_run_ends_with_25(
    publisher, run, scheduler
):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    told = {"task_id": first_quarter().requires()[1].task_id, "worker": "another"}
    scheduler.add_task(**told, status="PENDING", runnable=True)
    assert scheduler.get_work(worker="another")["task_id"] == told["task_id"]
    assert run(first_quarter()) == NOT_RUN
    assert in_lake() == ["2021-01", "2021-03"]


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the ledger and of the lake, by name."""
    seen = []

    def watch(module, name):
        ask = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: (seen.append(name), ask(*a, **k))[1])

    watch(ledger, "select")
    watch(bucket, "storage_client")
    return seen


def test_a_range_is_loaded_with_one_query_at_first_and_one_for_each_month(
    publisher, run, scheduler, asked
):
    publisher.publish(*months("green", "2021-01..2021-03"))
    task = LoadRange(service="green", start="2021-01", stop="2021-03")
    assert run(task) == DONE
    assert asked.count("select") <= 1 + 3
    assert [told.rpartition(": ")[2] for told in scheduler.told] == [
        "0 of 3 months in bigquery",
        "1 of 3 months in bigquery",
        "2 of 3 months in bigquery",
        "3 of 3 months in bigquery",
        "3 of 3 months in bigquery",
    ]
    assert scheduler.percent == [0, 33, 67, 100, 100]
    publisher.requests.clear()
    asked.clear()
    ledger.forget()
    assert run(task) == DONE
    assert asked == ["select"]
    assert publisher.requests == []


def test_several_processes_share_the_months(publisher, run):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    assert run(first_quarter(), workers=2) == DONE
    bucket.forget()
    assert in_lake() == ["2021-01", "2021-02", "2021-03"]


def since(month, services="green"):
    return LoadPublished(since=month, services=services, to="lake", recheck_months=0)


def downloads(publisher):
    return [seen.name for seen in publisher.requests if seen.method == "GET"]


def test_what_is_published_since_a_month_is_loaded_newest_first_and_what_is_not_out_is_no_failure(
    publisher, run, in_2031
):
    oldest, gap, newest, _ = months("green", "2030-10..2031-01")
    publisher.publish(oldest, newest)
    assert run(since("2030-10")) == DONE
    assert downloads(publisher) == [newest.file_name, oldest.file_name]
    assert sorted(publisher.heads()) == [
        "green 2030-10",
        "green 2030-11",
        "green 2030-12",
        "green 2031-01",
    ]
    publisher.publish(gap)
    again(publisher)
    assert run(since("2030-10")) == DONE
    assert downloads(publisher) == [gap.file_name]
    assert sorted(publisher.heads()) == ["green 2030-11", "green 2031-01"]


def again(publisher):
    """Forget what was asked, as the next process does."""
    from luigi.task_register import Register

    from pipeline.download.task import sighted

    Register.clear_instance_cache()
    sighted.cache_clear()
    publisher.requests.clear()


def test_a_process_that_lives_on_sees_the_next_day_what_has_been_published_since(
    publisher, run, at
):
    december, january = months("green", "2030-12..2031-01")
    publisher.publish(december)
    for day in (10, 10, 11):
        at(date(2031, 2, day))
        assert run(since("2030-12")) == DONE
        publisher.publish(january)
    assert downloads(publisher) == [december.file_name, january.file_name]
    assert sorted(publisher.heads()) == ["green 2030-12", "green 2031-01", "green 2031-01"]


def test_the_months_of_all_services_are_taken_in_turn_from_the_newest_on(publisher, run, in_2031):
    named = [TripMonth(service, 2030, month) for service in ("fhv", "green") for month in (11, 12)]
    publisher.publish(*named)
    assert run(since("2030-11", "green,fhv")) == DONE
    assert [name[:-8] for name in downloads(publisher)] == [
        "green_tripdata_2030-12",
        "fhv_tripdata_2030-12",
        "green_tripdata_2030-11",
        "fhv_tripdata_2030-11",
    ]


def test_a_month_in_doubt_about_which_the_publisher_cannot_answer_keeps_no_other_from_being_loaded(
    publisher, run, in_2031
):
    publisher.publish(*months("green", "2030-12..2031-01"))
    publisher.files["green_tripdata_2031-01.parquet"].head = [status(400)] * 2
    assert run(since("2030-12")) == NOT_SCHEDULED
    assert in_lake() == ["2030-12"]


def test_a_publisher_that_cannot_be_reached_ends_the_run_at_once(
    publisher, run, in_2031, monkeypatch, caplog, setting
):
    setting("source", max_backoff="0.1")
    monkeypatch.setenv("TLC_BASE_URL", "http://127.0.0.1:9/trip-data")
    assert run(since("2026-10", "green,yellow")) == NOT_SCHEDULED
    told = [record.getMessage() for record in caplog.records if "cannot be reached" in record.msg]
    assert len(told) == 1


def test_nothing_is_asked_of_the_publisher_about_months_that_its_table_has(publisher, run):
    publisher.publish(JANUARY)
    bucket.forget()
    task = LoadPublished(since="2021-01", services="green", to="lake")
    assert JANUARY in list(task.asked_for())
    assert not [month for month in publisher.heads() if month.startswith("green 2021")]


def test_an_assistant_that_never_scheduled_a_range_runs_it_and_its_months(
    publisher, scheduler, caplog
):
    publisher.publish(JANUARY, MARCH)
    task = first_quarter()
    scheduler.add_task(
        worker="trigger",
        task_id=task.task_id,
        family=task.task_family,
        module="pipeline",
        params=task.to_str_params(),
        status="PENDING",
        runnable=True,
    )

    with luigi.worker.Worker(scheduler=scheduler, assistant=True) as assistant:
        assistant.run()
    assert in_lake() == ["2021-01", "2021-03"]
    assert scheduler.told[-1] == "green 2021, months 1,2,3: 2 of 3 months in lake"
    assert "Unfulfilled" not in caplog.text
