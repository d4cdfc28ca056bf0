"""A line of the log tells when, how grave, which run, task and month, and what."""

import json
import logging
import re
from types import SimpleNamespace

import pytest

from pipeline.core.logs import AtWork, LineFormatter, at_work
from pipeline.core.run_id import begin_run

LINE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO    (?P<told>.*)"
TASK = SimpleNamespace(task_family="DownloadMonth", about="green 2021-02")


def line(message: str, **more: str) -> str:
    record = logging.LogRecord("pipeline.x", logging.INFO, "", 0, message, (), None)
    vars(record).update(more)
    return LineFormatter().format(record)


def told(message: str, **more: str) -> str:
    found = re.fullmatch(LINE, line(message, **more))
    assert found
    return found["told"]


def test_a_line_outside_any_run_and_task_says_so():
    assert told("no luigid") == "- - no luigid"


def test_a_line_has_the_run_the_task_and_the_month_once():
    run = begin_run()
    with at_work(TASK):
        assert told("asked twice") == f"{run} DownloadMonth green 2021-02: asked twice"
        assert told("green 2021-02: 5 rows") == f"{run} DownloadMonth green 2021-02: 5 rows"
    assert told("the end") == f"{run} - the end"


def test_who_knows_better_tells_the_run_of_a_line():
    begin_run()
    assert told("done", run_id="another") == "another - done"


def test_within_a_task_another_may_be_made():
    with AtWork(SimpleNamespace(task=SimpleNamespace(task_family="LoadAll"))):
        with at_work(TASK):
            assert told("a") == "- DownloadMonth green 2021-02: a"
        assert told("b") == "- LoadAll b"


def test_a_line_of_json_has_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TLC_LOG_FORMAT", "json")
    run = begin_run()
    with at_work(TASK):
        found = json.loads(line("5 rows\nmore"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", found.pop("time"))
    assert found == {
        "level": "INFO",
        "run_id": run,
        "task": "DownloadMonth",
        "month": "green 2021-02",
        "message": "5 rows\nmore",
    }
