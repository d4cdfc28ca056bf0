"""The verdict on each month is what the targets say, and what a task says agrees with it."""

from dataclasses import replace
from datetime import date

import pytest
from support.loaded_months import SAMPLE, fill, store
from support.months import months

from pipeline.core import sightings
from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.core.outcomes import Outcome, Result, note
from pipeline.core.sightings import Sighting
from pipeline.ranges.many_months import LOADING, is_there
from pipeline.schemas import published_files, service_schema
from pipeline.survey.mend import command
from pipeline.survey.stretches import Stretch
from pipeline.survey.verdict import Judged, Verdict, judged

LATER = {"source_sha256": "cd" * 32, "source_last_modified": "Fri, 25 Jun 2021 12:00:00 GMT"}
OF_TLC = "https://d37ci6vzurychx.cloudfront.net/trip-data/green_tripdata_2021-05.parquet"
SCHEMA = service_schema("green").version


def of_2021(month: int) -> TripMonth:
    return TripMonth("green", 2021, month)


def told(found: dict[TripMonth, Judged]) -> dict[str, tuple[str, str]]:
    """The months of which there is something to tell."""
    return {
        month.key: (seen.verdict.value, seen.why) for month, seen in found.items() if seen.state
    }


@pytest.fixture
def in_bigquery(configured):
    fill([of_2021(1), of_2021(8)])
    fill([of_2021(2)], source_rows=7, rows_kept=7)
    fill([of_2021(4)], schema_version="v0")
    fill([of_2021(5)], source_url=OF_TLC)
    fill([of_2021(6)], unknown_columns="add")
    store(of_2021(7))
    store(of_2021(8), **LATER)


def test_a_month_in_bigquery_is_done_stale_missing_or_failed_and_why_is_said(in_bigquery):
    found = judged("bigquery")
    assert told(found) == {
        "2021-01": ("done", "1 rows"),
        "2021-02": ("failed", "the ledger has 7 rows, and the partition is of 1 rows"),
        "2021-04": ("stale", f"made by schema v0, now it is {SCHEMA}"),
        "2021-05": ("stale", "it is TLC's, and a sample is wanted"),
        "2021-06": ("stale", "made with unknown_columns = add, now it is warn"),
        "2021-07": ("missing", "in the lake"),
        "2021-08": ("stale", 'the lake has 100 bytes of Fri, 25 Jun 2021 12:00:00 GMT (ETag "etag")'
                             '; here 100 bytes of Fri, 18 Jun 2021 12:00:00 GMT (ETag "etag")'),
    }  # fmt: skip
    assert found[of_2021(9)] == Judged(Verdict.MISSING, "nowhere yet", None)
    agrees_with_the_tasks("bigquery", found)
    is_mended_by_a_run_or_else_by_redo(found)
    has_every_month_that_has_ended(found)


def agrees_with_the_tasks(to: str, found: dict[TripMonth, Judged]) -> None:
    for month, seen in found.items():
        task = LOADING[to](service=month.service, year=month.year, month=month.month)
        if seen.verdict is not Verdict.STALE:
            assert is_there(task) == (seen.verdict is Verdict.DONE), month


def is_mended_by_a_run_or_else_by_redo(found: dict[TripMonth, Judged]) -> None:
    """What a task takes for done, no run would touch."""
    run = "luigi --module pipeline LoadMonthToBQ --service green --year 2021 --month"
    mending = {
        month: command("bigquery", Stretch((of_2021(month),)), found[of_2021(month)].behind)
        for month in (2, 4, 5, 8, 9)
    }
    assert mending == {
        2: f"{run} 2",
        4: "tlc redo green 2021-04 --from bigquery",
        5: f"{run} 5",
        8: "tlc redo green 2021-08 --from bigquery",
        9: f"{run} 9",
    }


def has_every_month_that_has_ended(found: dict[TripMonth, Judged]) -> None:
    """Those that nobody has seen are not published."""
    this_month = f"{date.today():%Y-%m}"
    ended = [month for service in SERVICES
             for month in months(service, f"{FIRST_MONTHS[service]:%Y-%m}..{this_month}")
             if month.key < this_month]  # fmt: skip
    assert [*found] == ended
    unseen = {month for month, seen in found.items() if seen.verdict is Verdict.NOT_PUBLISHED}
    assert unseen == {*ended} - {*published_files()} != set()


def test_a_month_beyond_the_last_that_has_ended_is_judged_where_it_is_there(configured):
    fill([TripMonth("green", 2031, 1)])
    assert judged()[TripMonth("green", 2031, 1)].verdict is Verdict.DONE


def test_an_object_of_the_lake_is_failed_where_it_is_not_whole_and_stale_where_it_is_old(
    configured,
):
    store(of_2021(1))
    store(of_2021(2), source_rows=2, rows_quarantined=1)
    store(of_2021(3), schema_version="v0")
    store(of_2021(4), source_rows=5)
    fill([of_2021(5)])
    found = judged("lake")
    assert told(found) == {
        "2021-01": ("done", "1 rows"),
        "2021-02": ("failed", "the object and that of its quarantine are not of one version"),
        "2021-03": ("stale", f"made by schema v0, now it is {SCHEMA}"),
        "2021-04": ("failed", "the object carries no whole record of this month"),
        "2021-05": ("missing", "in BigQuery"),
    }
    agrees_with_the_tasks("lake", found)


@pytest.mark.parametrize("time", ["Fri, 18 Jun 2021 12:00:00 -0000", "yesterday", ""])
def test_a_version_is_later_only_where_both_say_when(configured, time):
    fill([of_2021(1)], source_last_modified=time)
    store(of_2021(1), **LATER)
    stale = judged()[of_2021(1)].verdict is Verdict.STALE
    assert stale == time.endswith("0000")


SEEN = Sighting("", '"new"', LATER["source_last_modified"], 101, None, "2026-11-23T01:00:00+00:00")


def test_a_month_is_stale_where_the_publisher_was_seen_to_have_another_version(configured):
    fill([of_2021(1), of_2021(2)])
    sightings.record("green", "2021-01", replace(SEEN, url=SAMPLE.source_url))
    sightings.record("green", "2021-02", replace(SEEN, url="http://127.0.0.1/another"))
    found = judged()
    assert told(found)["2021-01"] == (
        "stale",
        'the publisher has 101 bytes of Fri, 25 Jun 2021 12:00:00 GMT (ETag "new"), seen at '
        '2026-11-23T01:00:00+00:00; here 100 bytes of Fri, 18 Jun 2021 12:00:00 GMT (ETag "etag")',
    )
    assert found[of_2021(2)].verdict is Verdict.DONE
    assert not is_there(LOADING["bigquery"](service="green", year=2021, month=1))


def test_a_month_that_no_table_knows_is_missing_once_the_publisher_was_seen_to_have_it(configured):
    unknown = max(judged(), key=lambda month: month.key)
    sightings.record(unknown.service, unknown.key, Sighting.of_nothing("http://127.0.0.1/"))
    assert judged()[unknown].verdict is Verdict.NOT_PUBLISHED
    sightings.record(unknown.service, unknown.key, SEEN)
    assert judged()[unknown].verdict is Verdict.MISSING


def ended(task: str, month: str, result: Result) -> None:
    told = "the footer\x1b does not open" if result == "failed" else "done"
    note(Outcome("run", "2026-11-23T01:00:00+00:00", task, "green", month, result, told=told))


def test_a_month_is_failed_where_the_last_try_on_this_host_failed_and_it_is_not_there(configured):
    fill([of_2021(1)])
    for month in ("2021-01", "2021-02", "2021-03", "2021-04"):
        ended("NormalizeMonth", month, "failed")
    ended("NormalizeMonth", "2021-03", "done")
    ended("LoadMonthToPostgres", "2021-05", "failed")
    ended("NormalizeMonth", "no month", "failed")
    fill([of_2021(6)], schema_version="v0")
    ended("LoadMonthToBQ", "2021-06", "failed")
    found = judged()
    verdicts = [found[of_2021(month)].verdict.value for month in range(1, 6)]
    assert verdicts == ["done", "failed", "missing", "failed", "missing"]
    assert found[of_2021(2)].why == (
        r"NormalizeMonth failed at 2026-11-23T01:00:00+00:00: the footer\x1b does not open"
    )
    assert found[of_2021(6)].verdict is Verdict.STALE
    assert "; LoadMonthToBQ failed at " in found[of_2021(6)].why
    assert judged("postgres")[of_2021(5)].verdict is Verdict.FAILED
