"""Which tasks may come out of a queue: only the pipeline's, as they call themselves."""

import sys

import pytest

from pipeline import LoadMonthToBQ
from pipeline.agents.queue import resource, trusted_task
from pipeline.core.errors import BadRequest

TASK = LoadMonthToBQ(service="yellow", year=2021, month=1)
HONEST = {
    "task_id": TASK.task_id,
    "task_family": "LoadMonthToBQ",
    "task_module": "pipeline.bigquery.task",
    "task_params": {"service": "yellow", "year": "2021", "month": "1"},
}


def test_a_task_of_the_pipeline_is_made_as_its_parameters_say():
    assert trusted_task(HONEST) == TASK


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"task_module": "os"}, "a module that is not the pipeline's; seen: 'os'"),
        ({"task_module": None}, "a module that is not the pipeline's"),
        ({"task_module": "pipeline.ranges.task"}, "a module that is not the pipeline's"),
        ({"task_family": "system", "task_module": "os"}, "no such task; seen: 'system'"),
        ({"task_family": "RangeMonthly", "task_module": "luigi.tools.range"}, "no such task"),
        ({"task_family": "PublishedMonth"}, "no such task"),
        ({"task_family": "__doc__"}, "no such task"),
        ({"task_family": ["LoadMonthToBQ"]}, "no task of the pipeline"),
        ({"task_family": None}, "no task of the pipeline"),
        ({"task_params": None}, "no task of the pipeline"),
        ({"task_params": {"year": ["2021"]}}, "has parameters that are no text"),
        ({"task_params": {"year": "2021"}}, "LoadMonthToBQ cannot be made"),
        ({"task_params": {"year": "2021", "month": "1; rm -rf /"}}, "bad parameter month"),
        (
            {"task_params": {**HONEST["task_params"], "service": "../../etc"}},
            "unknown service; seen: '../../etc'",
        ),
        (
            {"task_params": {**HONEST["task_params"], "service": "green"}},
            "a task under another one's id",
        ),
        ({"task_params": {**HONEST["task_params"], "shell": "id"}}, "has no parameter"),
        ({"task_id": "LoadMonthToBQ_other"}, "a task under another one's id"),
        ({"task_id": None}, "a task under another one's id"),
    ],
)
def test_whatever_else_is_in_luigid_is_refused(changed, why):
    with pytest.raises(BadRequest, match=why) as refused:
        trusted_task({**HONEST, **changed})
    assert len(str(refused.value).splitlines()) == 1


def test_refusing_a_module_does_not_import_it():
    with pytest.raises(BadRequest):
        trusted_task({**HONEST, "task_module": "antigravity"})
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "name", ["", "../default", "a/b", "a b", "a;b", "A", "-a", "a-", "a\n", "ä", "a_b", "a" * 64]
)
def test_what_is_no_name_of_a_queue_is_refused(name):
    with pytest.raises(BadRequest, match="bad name of a queue"):
        resource(name)


def test_a_queue_is_a_resource_of_luigis():
    assert resource("big-2") == "queue-big-2"
