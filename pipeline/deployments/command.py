"""A deployment's task as a command line of Luigi's.

Belongs here: whether the task exists and takes the parameters, and the words of the command. Not
here: running it (``run.py``). No shell is involved: the words are handed over as they are.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import luigi
from luigi.parameter import ParameterException

from pipeline.core.errors import BadRequest, PipelineError
from pipeline.core.pipeline_task import PipelineTask
from pipeline.deployments.deployment import tells_no_secret
from pipeline.deployments.reading import Deployed, nearest


def luigi_command(deployed: Deployed, parameters: Mapping[str, str]) -> list[str]:
    """Return the command that runs the task with its parameters and ``parameters`` over them.

    Raises:
        BadRequest: there is no such task, or it does not take a parameter or its value.
    """
    what = deployed.deployment
    given = as_fields(what.parameters) | as_fields(parameters)
    judge(deployed.name, what.task, given)
    return [
        *(sys.executable, "-m", "luigi", "--module", "pipeline", what.task),
        *_options(dict(_task(deployed.name, what.task).get_params()), given),
        f"--workers={what.workers}",
    ]


def month_family(command: Sequence[str]) -> str:
    """Return which task about a month a command is for: its own, or that of its destination."""
    import pipeline
    from pipeline.ranges.many_months import LOADING, ManyMonths

    words = command[command.index("pipeline") + 1 :]
    task = getattr(pipeline, words[0])
    if not issubclass(task, ManyMonths):
        return words[0]
    to = [word.partition("=")[2] for word in words if word.startswith("--to=")]
    return LOADING[to[-1] if to else "bigquery"].__name__


def judge(where: str, task: str, parameters: Mapping[str, str]) -> None:
    """Raise BadRequest where the pipeline has no such task, or it cannot take the parameters.

    ``where`` names the deployment in errors.
    """
    family = _task(where, task)
    known = dict(family.get_params())
    given = as_fields(parameters)
    for name in given.keys() - known.keys():
        raise BadRequest(f"{where}: {task} has no parameter", seen=repr(name),
                         expected=nearest(name, sorted(known)))  # fmt: skip
    for name, value in given.items():
        _judge_value(f"{where}: {task}", name, known[name], value)
    try:
        made: PipelineTask = family.from_str_params(given)
        made.judge()
    except (PipelineError, ParameterException, ValueError) as error:
        raise BadRequest(f"{where}: {task} cannot be made", seen=error) from error


def as_fields(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return parameters under the names of the task's fields: ``as-is`` is ``as_is``."""
    return {name.replace("-", "_"): value for name, value in parameters.items()}


def _options(known: Mapping[str, luigi.Parameter[Any]], given: Mapping[str, str]) -> Iterator[str]:
    """Yield Luigi's options; a flag of its is there or not, and takes no value."""
    for name, value in given.items():
        parameter = known[name]
        option = f"--{name.replace('_', '-')}"
        if not isinstance(parameter, luigi.BoolParameter) or parameter.parsing == "explicit":
            yield f"{option}={value}"
        elif parameter.parse(value):
            yield option


def _task(where: str, name: str) -> type[luigi.Task]:
    import pipeline

    if name not in pipeline.__all__:
        raise BadRequest(f"{where}: no such task", seen=repr(name),
                         expected=nearest(name, pipeline.__all__))  # fmt: skip
    task: type[luigi.Task] = getattr(pipeline, name)
    return task


def _judge_value(where: str, name: str, parameter: luigi.Parameter[Any], value: str) -> None:
    try:
        tells_no_secret(name, value)
        parameter.parse(value)
    except (PipelineError, ParameterException, ValueError) as error:
        raise BadRequest(f"{where}: bad parameter {name}", seen=error) from error
