"""A month that the publisher replaces is loaded anew, everywhere and alone."""

from collections import Counter
from datetime import date

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.configuration import forget_everything
from support.months import months

from pipeline import LoadMonthToBQ, LoadPublished
from pipeline.agents.whole import make
from pipeline.bigquery import ledger
from pipeline.connections.google import bigquery_client, select
from pipeline.core import settings
from pipeline.diff.difference import difference
from pipeline.download import task as download_task
from pipeline.lake import bucket, generations
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.postgres import ledger as postgres_ledger
from pipeline.sandbox.publisher.samples import ensure_sample
from pipeline.verify.finding import Meant
from pipeline.verify.months import findings, read

ROWS = 50
JANUARY, FEBRUARY, MARCH = months("green", "2031-01..2031-03")
DONE = 0
OF_ALL = ("bigquery", "postgres")


@pytest.fixture(autouse=True)
def in_april(place, publisher, at):
    """Lake, BigQuery and Postgres, on a day when no table knows the months that have ended."""
    at(date(2031, 4, 10))


@pytest.fixture
def load(run, publisher):
    """Load what is published, as the next process would."""

    def ask(to, workers=1, **options):
        forget_everything()
        download_task.sighted.cache_clear()
        publisher.requests.clear()
        task = LoadPublished(since="2031-01", services="green", to=to, **options)
        assert run(task, workers=workers) == DONE
        forget_everything()
        return downloads(publisher)

    return ask


def downloads(publisher):
    return [seen.name for seen in publisher.requests if seen.method == "GET"]


def replaced(publisher, month, rows):
    """The month, published again with so many other rows."""
    path = publisher.folder / f"{rows}" / month.file_name
    return publisher.serve(ensure_sample(month, rows, path) or path, month.file_name)


def load_jobs():
    """The ids of the jobs that wrote a partition."""
    jobs = [job.job_id for job in bigquery_client().list_jobs() if job.job_type == "load"]
    return [job_id for job_id in jobs if "_ledger_" not in job_id]


def disagreements():
    """What ``tlc verify --values`` tells."""
    forget_everything()
    everything = read(Meant())
    return [str(finding) for finding in findings(everything, lambda done: None, with_values=True)]


def ledger_rows(place):
    """How many rows each ledger has of each month."""
    name = f"{settings.bigquery().project}.{settings.bigquery().dataset}"
    sql = f"SELECT FORMAT_DATE('%Y-%m', month) AS m, COUNT(*) AS n FROM `{name}._loads` GROUP BY 1"
    in_bigquery = {row["m"]: row["n"] for row in select(sql)}
    rows = place.query("SELECT to_char(month, 'YYYY-MM'), count(*) FROM {s}._loads GROUP BY 1")
    assert dict(rows) == in_bigquery
    return in_bigquery


def versions(month):
    """The digest and the rows of the month at each of its places."""
    canonical = CanonicalMonthTarget(month, settings.data_dir()).provenance()
    loads = ledger.find(month), postgres_ledger.find(month)
    assert all(load.is_whole for load in loads)
    told = [canonical, bucket.find(month).provenance, *(load.provenance for load in loads)]
    return {(record.source_sha256, record.rows_kept) for record in told}


def canonical(month):
    return pq.read_table(CanonicalMonthTarget(month, settings.data_dir()).path, partitioning=None)


def assert_told(before, after):
    """Assert that the difference between two versions of February is told as it is."""
    found = difference(FEBRUARY)
    assert (found.rows.before, found.rows.after) == (len(before), len(after))
    totals = [pc.sum(table["total_amount"]).as_py() for table in (before, after)]
    [told] = [change for change in found.content.sums if change.name == "total_amount"]
    assert [told.before, told.after] == pytest.approx(totals, abs=0.01)
    zones = [Counter(table["PULocationID"].to_pylist()) for table in (before, after)]
    growth = {change.name: change.by for change in found.content.zones if change.by}
    wanted = {zone: zones[1][zone] - zones[0][zone] for zone in zones[0] | zones[1]}
    assert growth == {str(zone or "none"): by for zone, by in wanted.items() if by}


def test_of_three_months_the_one_that_is_replaced_is_loaded_anew_through_every_place(
    publisher, load, place, tmp_path
):
    publisher.publish(JANUARY, FEBRUARY)
    assert sorted(load("bigquery")) == [JANUARY.file_name, FEBRUARY.file_name]
    assert load("postgres") == []
    publisher.publish(MARCH)
    assert load("bigquery") == [MARCH.file_name]
    assert load("postgres") == []
    before, jobs = bucket.find(FEBRUARY), load_jobs()
    assert len(jobs) == 3

    served = replaced(publisher, FEBRUARY, rows=60)
    assert load("bigquery") == [FEBRUARY.file_name]
    assert load("postgres") == []
    assert len(load_jobs()) == 4
    assert ledger_rows(place) == {"2031-01": 1, "2031-02": 2, "2031-03": 1}
    [(digest, rows)] = versions(FEBRUARY)
    assert (digest, rows) == (served.sha256, 60)
    assert len(versions(JANUARY)) == len(versions(MARCH)) == 1

    newest, older = generations.versions(FEBRUARY.object_name)
    generations.fetch(older, tmp_path / "older.parquet")
    assert older == before
    assert pq.read_metadata(tmp_path / "older.parquet").num_rows == ROWS
    assert newest == bucket.find(FEBRUARY)
    assert_told(pq.read_table(tmp_path / "older.parquet"), canonical(FEBRUARY))
    assert disagreements() == []
    assert load("bigquery") == load("postgres") == []
    assert (len(load_jobs()), sum(ledger_rows(place).values())) == (4, 4)


def test_the_same_bytes_under_a_new_etag_cost_one_download_and_replace_nothing(
    publisher, load, place
):
    [served] = publisher.publish(JANUARY)
    load("bigquery"), load("postgres")
    before = bucket.find(JANUARY).generation
    served.etag_override = '"another"'
    assert load("bigquery") == [JANUARY.file_name]
    assert load("postgres") == load("bigquery") == []
    assert (bucket.find(JANUARY).generation, ledger_rows(place)) == (before, {"2031-01": 1})
    assert len(load_jobs()) == 1
    assert disagreements() == []


def test_a_publisher_that_goes_back_to_the_first_version_is_followed(publisher, load, place):
    [first] = publisher.publish(JANUARY)
    load("bigquery"), load("postgres")
    for served in (replaced(publisher, JANUARY, rows=60), first):
        publisher.files[JANUARY.file_name] = served
        assert load("bigquery", workers=2) == [JANUARY.file_name]
        assert load("postgres") == []
        assert {digest for digest, _ in versions(JANUARY)} == {served.sha256}
    assert ledger_rows(place) == {"2031-01": 3}
    assert disagreements() == []
    assert load("bigquery") == []


def test_without_a_recheck_nothing_is_asked_of_months_that_are_there(publisher, load):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    load("lake")
    replaced(publisher, JANUARY, rows=60)
    assert load("lake", recheck_months=0) == load("lake", recheck_months=2) == []
    assert "green 2031-01" not in publisher.heads()
    assert load("lake", recheck_months=3) == [JANUARY.file_name]


def test_a_publisher_that_cannot_be_reached_leaves_what_is_there_and_is_told_of_in_one_line(
    publisher, load, monkeypatch, caplog, setting
):
    publisher.publish(JANUARY, FEBRUARY, MARCH)
    load("lake")
    setting("source", max_backoff="0.1")
    monkeypatch.setenv("TLC_BASE_URL", "http://127.0.0.1:9/trip-data")
    assert load("lake") == []
    told = [line for line in caplog.messages if "cannot be reached" in line]
    assert len(told) == 1
    assert told[0].endswith("going on with what was seen before")


def test_a_month_that_was_taken_away_stays_where_it_is(publisher, load):
    publisher.publish(JANUARY)
    load("lake")
    del publisher.files[JANUARY.file_name]
    assert load("lake") == []
    assert bucket.find(JANUARY) is not None


def test_an_agent_on_a_host_that_never_saw_the_replacement_loads_it_all_the_same(
    publisher, load, setting, tmp_path
):
    publisher.publish(JANUARY)
    load("bigquery")
    served = replaced(publisher, JANUARY, rows=60)
    forget_everything()
    download_task.sighted.cache_clear()
    [asked] = LoadPublished(since="2031-01", services="green")._missing()

    setting("local", data_dir=str(tmp_path / "another host"))
    forget_everything()
    download_task.sighted.cache_clear()
    task = LoadMonthToBQ(**asked.param_kwargs)
    assert task.complete()
    make(task, task.run)
    forget_everything()
    assert ledger.find(JANUARY).provenance.source_sha256 == served.sha256
    again = downloads(publisher)
    make(task, task.run)
    assert downloads(publisher) == again
