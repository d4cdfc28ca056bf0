"""A deployment's task and parameters are the pipeline's, and a list of words."""

import luigi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from luigi.cmdline_parser import CmdlineParser
from support.deployments import deployed

import pipeline
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
    ],
)
def test_what_the_pipeline_does_not_know_is_one_line(
    task: str, parameters: dict[str, str], told: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        judge(task, parameters)
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_parameters_of_the_moment_win() -> None:
    what = deployed(parameters=JANUARY, workers=3).deployment
    words = luigi_command(what, {"month": "2"})[2:]
    assert words == ["luigi", "--module", "pipeline", "DownloadMonth", "--year=2021", "--month=2",
                     "--workers=3"]  # fmt: skip


@settings(max_examples=30)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), st.booleans()
)
def test_luigi_gets_a_value_as_it_was_written(value: str, as_is: bool) -> None:
    parameters = {"url": f"-{value}", "table-name": value, "as-is": str(as_is).lower()}
    words = luigi_command(
        deployed(task="IngestUrlToPostgres", parameters=parameters).deployment, {}
    )
    with CmdlineParser.global_instance(words[5:]) as parser:
        task = parser.get_task_obj()
    assert (task.url, task.table_name, task.as_is) == (f"-{value}", value, as_is)


def test_luigi_is_told_of_the_module_that_has_the_tasks() -> None:
    assert issubclass(pipeline.DownloadMonth, luigi.Task)
    assert luigi_command(deployed(parameters=JANUARY).deployment, {})[3:5] == [
        "--module",
        "pipeline",
    ]
