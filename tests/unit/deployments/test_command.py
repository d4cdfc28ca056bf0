"""A deployment's task and parameters are the pipeline's, and a list of words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from luigi.cmdline_parser import CmdlineParser
from support.deployments import deployed

from pipeline.core.errors import BadRequest
from pipeline.deployments.command import judge, luigi_command

JANUARY = {"year": "2021", "month": "1"}


@pytest.mark.parametrize(
    ("task", "parameters", "told"),
    [
        ("DownloadMont", JANUARY, "no such task; seen: 'DownloadMont'; expected: DownloadMonth"),
        ("os", {}, "no such task"),
        ("MonthTask", JANUARY, "no such task"),
        ("DownloadMonth", {**JANUARY, "yaer": "1"}, "no parameter; seen: 'yaer'; expected: year"),
        ("DownloadMonth", {"year": "x", "month": "1"}, "bad parameter year"),
        ("DownloadMonth", {"year": "2021"}, "requires the 'month' parameter"),
        (
            "IngestUrlToPostgres",
            {"url": "x", "table-name": "t", "existing": "drop"},
            "bad parameter existing",
        ),
        ("IngestUrlToPostgres", {"url": "https://me:hunter2@h/x", "table_name": "t"}, "reference"),
        ("LoadMonthToBQ", {"year": "2021", "month": "13"}, "seen: no such month; seen: 2021-13"),
        ("LoadMonthToBQ", {**JANUARY, "redo_from": "lunch"}, "unknown stage; seen: 'lunch'"),
        ("LoadMonths", {"year": "2021", "months": "1,,2"}, "no list of months"),
        ("LoadRange", {"start": "2021-02", "stop": "2021-01"}, "ends before it begins"),
        ("LoadPublished", {"since": "2024-01; rm -rf /"}, "no such month; seen: '2024-01; rm"),
        ("LoadPublished", {"since": "2024-01", "to": "moon"}, "unknown destination; seen: 'moon'"),
        ("LoadAll", {"services": "yellow,purple"}, "seen: 'purple'"),
    ],
)
def test_what_the_pipeline_does_not_know_is_one_line(
    task: str, parameters: dict[str, str], told: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        judge("some", task, parameters)
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_parameters_of_the_moment_win_however_they_are_spelt() -> None:
    ingest = {"url": "x", "table-name": "a"}
    words = luigi_command(
        deployed(task="IngestUrlToPostgres", parameters=ingest), {"table_name": "b"}
    )
    assert words[-3:] == ["--url=x", "--table-name=b", "--workers=1"]
    words = luigi_command(deployed(parameters=JANUARY, workers=3), {"month": "2"})[2:]
    assert words == ["luigi", "--module", "pipeline", "DownloadMonth", "--year=2021", "--month=2",
                     "--workers=3"]  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), st.booleans()
)
def test_luigi_gets_a_value_as_it_was_written(value: str, as_is: bool) -> None:
    parameters = {"url": f"-{value}", "table-name": value, "as-is": str(as_is).lower()}
    words = luigi_command(deployed(task="IngestUrlToPostgres", parameters=parameters), {})
    with CmdlineParser.global_instance(words[5:]) as parser:
        task = parser.get_task_obj()
    assert (task.url, task.table_name, task.as_is) == (f"-{value}", value, as_is)
