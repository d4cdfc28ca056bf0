"""The verdict on each month is what the targets say, and what a task says agrees with it."""

from datetime import date

import pytest
from support.loaded_months import fill, store
from support.months import months

from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.ranges.many_months import LOADING, is_there
from pipeline.schemas import published_files, service_schema
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
        "2021-08": ("stale", "the lake has a later version: 100 bytes of Fri, 25 Jun 2021 12:00:00 "
                             "GMT; here 100 bytes of Fri, 18 Jun 2021 12:00:00 GMT"),
    }  # fmt: skip
    assert found[of_2021(9)] == Judged(Verdict.MISSING, "nowhere yet", None)
    agrees_with_the_tasks("bigquery", found)


def agrees_with_the_tasks(to: str, found: dict[TripMonth, Judged]) -> None:
    for month, seen in found.items():
        task = LOADING[to](service=month.service, year=month.year, month=month.month)
        if seen.verdict is not Verdict.STALE:
            assert is_there(task) == (seen.verdict is Verdict.DONE), month


def test_every_month_that_has_ended_has_a_verdict_and_what_nobody_has_seen_is_not_published(
    in_bigquery,
):
    found, this_month = judged(), f"{date.today():%Y-%m}"
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
