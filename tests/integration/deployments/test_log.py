"""The log of a deployment: its rotation, and the cause that is found in it."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.core.run_id import begin_run
from pipeline.deployments import log, records
from pipeline.deployments.log import OLD_LOGS, RunLog


@pytest.fixture(autouse=True)
def data(tmp_path: Path, setting: Callable[..., None]) -> Path:
    setting("local", data_dir=str(tmp_path))
    return tmp_path


def line(level: str, message: str) -> str:
    return f"2026-11-23 01:15:02 {level:7} 20261123-011502-3f9a01bc LoadMonthToBQ {message}"


def as_json(level: str, message: str) -> str:
    return json.dumps({"level": level, "month": "yellow 2021-01", "message": message})


def run(*lines: str, echo: bool = False) -> str:
    with closing(RunLog("some", echo=echo)) as opened:
        opened.say("starts")
        opened.stream.write("".join(f"{line}\n" for line in lines).encode())
        opened.stream.flush()
        opened.follow()
        cause = opened.cause()
        opened.say("ended")
        return cause


def test_a_run_begins_a_new_log_where_the_last_one_is_large(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LARGEST", 200)
    for number in range(20):
        run(f"run {number} " + "x" * 300)
    logs = sorted((data / "runs").iterdir())
    assert [path.name for path in logs] == [
        "some.log",
        *(f"some.log.{n + 1}" for n in range(OLD_LOGS)),
    ]
    assert ["run 19" in path.read_text() for path in logs] == [True, *[False] * OLD_LOGS]
    assert all(path.read_text().count("starts") == 1 for path in logs)


def test_a_log_that_another_run_writes_is_not_taken_from_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LARGEST", 200)
    run("x" * 300)
    RunLog("some", echo=False, may_rotate=False).close()
    assert [path.name for path in (data / "runs").iterdir()] == ["some.log"]


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([line("ERROR", "a: b"), line("WARNING", "c"), "the end"], "a: b"),
        ([line("ERROR", "first"), line("ERROR", "second")], "second"),
        ([line("WARNING", "not published"), line("INFO", "This progress")], "not published"),
        ([as_json("ERROR", "lost"), as_json("WARNING", "c")], "yellow 2021-01: lost"),
        ([as_json("WARNING", "yellow 2021-01: late"), "{"], "yellow 2021-01: late"),
        ([as_json("INFO", "the end")], "yellow 2021-01: the end"),
        (["usage: luigi", "error: no such option"], "error: no such option"),
    ],
)
def test_the_cause_is_the_newest_error_or_warning_or_line_of_the_process(
    lines: list[str], cause: str
) -> None:
    run(line("ERROR", "of an earlier run"))
    assert run(*lines) == cause


def test_the_cause_is_none_of_an_earlier_try() -> None:
    with closing(RunLog("some", echo=False)) as opened:
        for told in (line("ERROR", "the first try"), "the second try"):
            opened.say("starts")
            opened.stream.write(f"{told}\n".encode())
            opened.stream.flush()
            opened.follow()
        assert opened.cause() == "the second try"


def test_the_log_is_repeated_only_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("one line")
    assert capsys.readouterr().err == ""
    run("another line", echo=True)
    told = capsys.readouterr().err
    assert "one line" not in told
    assert [line.rsplit(" ", 1)[1] for line in told.splitlines()] == ["starts", "line", "ended"]


def test_a_record_that_was_cut_short_is_left_out(data: Path) -> None:
    moment = "2026-01-01T00:00:00+00:00"
    record = records.RunRecord("some", "v", ["a"], True, moment, moment, 1, 0, "done", "")
    records.append(record)
    with (data / "runs" / "some.jsonl").open("a") as file:
        file.write('{"deployment": "so\n')
    records.append(record)
    assert records.newest_first("some") == [record, record]
    assert records.newest_first("other") == []


def test_a_log_of_json_has_an_object_a_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLC_LOG_FORMAT", "json")
    run_id = begin_run()
    run()
    told = [json.loads(line) for line in (data / "runs" / "some.log").read_text().splitlines()]
    assert [line["message"] for line in told] == ["some: starts", "some: ended"]
    assert {line["run_id"] for line in told} == {run_id}
