"""How months are named: alike in Python and on a command line; and what cannot be meant."""

from datetime import date
from itertools import pairwise

import pytest
from luigi.cmdline_parser import CmdlineParser
from luigi.task_register import Register

from pipeline import LoadAll, LoadMonths, LoadPublished, LoadRange
from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.core.scheduler import choose_scheduler
from pipeline.ranges.asked import between


@pytest.fixture(autouse=True)
def clean():
    # Asked outside a command line, so that none of these looks for luigid.
    choose_scheduler()
    yield
    Register.clear_instance_cache()


def keys(task):
    return [f"{month.service} {month.key}" for month in task.asked_for()]


@pytest.mark.parametrize(
    ("words", "task"),
    [
        (
            "LoadMonths --service green --year 2021 --months 1,2,3 --to lake",
            LoadMonths(service="green", year=2021, months=[1, 2, 3], to="lake"),
        ),
        (
            "LoadRange --service fhv --start 2019-01 --stop 2021-12",
            LoadRange(service="fhv", start=date(2019, 1, 1), stop=date(2021, 12, 31)),
        ),
        (
            "LoadPublished --since 2024-01 --services yellow,green --to postgres",
            LoadPublished(since="2024-01", services=("yellow", "green"), to="postgres"),
        ),
        (
            "LoadPublished --since 2024-01 --recheck-months 12",
            LoadPublished(since=date(2024, 1, 1), recheck_months=12),
        ),
        ("LoadAll", LoadAll(services="yellow, green, fhv, fhvhv", to="bigquery")),
    ],
    ids=lambda value: str(value).partition("(")[0],
)
def test_a_command_line_python_and_the_scheduler_name_the_same_task(words, task):
    with CmdlineParser.global_instance(words.split()) as parser:
        assert parser.get_task_obj().task_id == task.task_id
    assert type(task).from_str_params(task.to_str_params()).task_id == task.task_id


def test_months_are_loaded_in_the_order_in_which_they_are_named():
    assert keys(LoadMonths(service="fhv", year=2021, months="12, 1,2")) == [
        "fhv 2021-12",
        "fhv 2021-01",
        "fhv 2021-02",
    ]


def test_a_range_has_both_its_ends_and_every_month_between():
    assert keys(LoadRange(start="2019-11", stop="2020-02")) == [
        "yellow 2019-11",
        "yellow 2019-12",
        "yellow 2020-01",
        "yellow 2020-02",
    ]
    assert keys(LoadRange(start="2020-02", stop="2020-02")) == ["yellow 2020-02"]


def test_the_months_between_two_of_them_are_those_of_the_calendar():
    all_months = between(TripMonth("yellow", 2009, 1), TripMonth("yellow", 2026, 12))
    assert len(all_months) == 18 * 12
    assert all(a.next_first_day == b.first_day for a, b in pairwise(all_months))


@pytest.mark.parametrize(
    ("to", "family"),
    [
        ("bigquery", "LoadMonthToBQ"),
        ("postgres", "LoadMonthToPostgres"),
        ("lake", "UploadMonthToGCS"),
    ],
)
def test_to_says_which_task_loads_a_month(to, family):
    [task] = LoadMonths(service="green", year=2021, months="7", to=to).requires()
    assert task.task_family == family
    assert (task.service, task.year, task.month) == ("green", 2021, 7)


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (LoadMonths(year=2021, months="0"), "no such month; seen: 2021-00"),
        (LoadMonths(year=2021, months="1,13"), "no such month; seen: 2021-13"),
        (LoadMonths(year=2021, months="1,2,1"), "months named twice; seen: 2021-01"),
        (LoadMonths(year=2021, months="1,01"), "months named twice; seen: 2021-01"),
        (LoadMonths(year=2021, months="1,,2"), "no list of months; seen: '1,,2'"),
        (LoadMonths(year=2021, months="1;2"), "no list of months; seen: '1;2'"),
        (LoadMonths(year=2021, months="1-3"), "no list of months; seen: '1-3'"),
        (LoadMonths(year=2021, months="9" * 5000), "no list of months"),
        (LoadMonths(year=2021), "no list of months; seen: ''"),
        (LoadMonths(year=2008, months="12"), "TLC publishes no yellow month 2008-12"),
        (LoadMonths(service="lime", year=2021, months="1"), "unknown service; seen: 'lime'"),
        (LoadMonths(year=2021, months="1", to="s3"), "unknown destination; seen: 's3'"),
        (
            LoadRange(start="2021-12", stop="2019-01"),
            "the range ends before it begins; seen: --start 2021-12 --stop 2019-01",
        ),
        (LoadRange(start="2021-01"), "no such month; seen: ''; expected: YYYY-MM"),
        (LoadRange(start="January", stop="2021-12"), "no such month; seen: 'January'"),
        (LoadRange(start="2021-00", stop="2021-12"), "no such month; seen: 2021-00"),
        (LoadRange(service="green", start="2013-12", stop="2014-02"), "expected: 2014-01 or later"),
        (LoadRange(start="2021-01", stop="9999-12"), "the range ends far in the future"),
        (LoadRange(start="2021-01", stop="9" * 5000 + "-01"), "no such month"),
        (LoadPublished(), "no such month; seen: ''; expected: YYYY-MM"),
        (LoadPublished(since="2008-01"), "expected: 2009-01 or later"),
        (LoadPublished(since="2024-01", services="yellow,lime"), "unknown service; seen: 'lime'"),
        (
            LoadPublished(since="2024-01", recheck_months=-1),
            "no number of months; seen: '-1'; expected: 0 or more",
        ),
        (
            LoadPublished(since="2024-01", recheck_months="some"),
            "seen: 'some'; expected: 0 or more, e.g. 3; next: pass --recheck-months",
        ),
        (LoadPublished(since="2024-01", recheck_months="3.5"), "no number of months"),
        (LoadAll(services="green,green"), "services named twice; seen: green"),
        (LoadAll(services=()), "unknown service; seen: ''"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_meant_is_one_line_before_any_service_is_asked(task, told):
    with pytest.raises(BadRequest) as refused:
        task.complete()
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
