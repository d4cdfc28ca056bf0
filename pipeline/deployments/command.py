"""A deployment's task as a command line of Luigi's.

Belongs here: whether the task exists and takes the parameters, and the words of the command. Not
here: running it (``run.py``). No shell is involved: the words are handed over as they are.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import luigi
from luigi.parameter import ParameterException

from pipeline.core.errors import BadRequest, PipelineError
from pipeline.deployments.deployment import Deployment, tells_no_secret
from pipeline.deployments.reading import nearest


def luigi_command(deployment: Deployment, parameters: Mapping[str, str]) -> list[str]:
    """Return the command that runs the task with its parameters and ``parameters`` over them.

    Raises:
        BadRequest: there is no such task, or it does not take a parameter or its value.
    """
    given = {**deployment.parameters, **parameters}
    judge(deployment.task, given)
    return [
        *(sys.executable, "-m", "luigi", "--module", "pipeline", deployment.task),
        *_options(dict(_task(deployment.task).get_params()), given),
        f"--workers={deployment.workers}",
    ]


def judge(task: str, parameters: Mapping[str, str]) -> None:
    """Raise BadRequest where the pipeline has no such task, or it cannot take the parameters."""
    family = _task(task)
    known = dict(family.get_params())
    given = {name.replace("-", "_"): value for name, value in parameters.items()}
    for name in given.keys() - known.keys():
        raise BadRequest(f"{task} has no parameter", seen=repr(name),
                         expected=nearest(name, sorted(known)))  # fmt: skip
    for name, value in given.items():
        _judge_value(task, name, known[name], value)
    try:
        family.from_str_params(given)
    except (ParameterException, ValueError) as error:
        raise BadRequest(f"{task} cannot be made", seen=error) from error


def _options(known: Mapping[str, luigi.Parameter[Any]], given: Mapping[str, str]) -> Iterator[str]:
    """Yield Luigi's options; a flag of its is there or not, and takes no value."""
    for name, value in given.items():
        parameter = known[name.replace("-", "_")]
        option = f"--{name.replace('_', '-')}"
        if not isinstance(parameter, luigi.BoolParameter) or parameter.parsing == "explicit":
            yield f"{option}={value}"
        elif parameter.parse(value):
            yield option


def _task(name: str) -> type[luigi.Task]:
    import pipeline

    if name not in pipeline.__all__:
        raise BadRequest("no such task", seen=repr(name), expected=nearest(name, pipeline.__all__))
    task: type[luigi.Task] = getattr(pipeline, name)
    return task


def _judge_value(task: str, name: str, parameter: luigi.Parameter[Any], value: str) -> None:
    try:
        tells_no_secret(name, value)
        parameter.parse(value)
    except (PipelineError, ParameterException, ValueError) as error:
        raise BadRequest(f"{task}: bad parameter {name}", seen=error) from error
