"""Queues: how luigid knows whose a task is, and which tasks may come out of one.

Belongs here: names, and the judgement of what luigid hands over. Not here: taking (``luigid.py``).

A queue is a resource of Luigi's. A task of the queue ``default`` asks for one of ``queue-default``
for as long as it runs; how many there are, ``[resources]`` tells luigid.
"""

from collections.abc import Mapping
from typing import Any, Final

import luigi

from pipeline.core.errors import BadRequest
from pipeline.deployments.command import judge
from pipeline.deployments.deployment import NAME

SHOWN: Final = 60
"""Characters of a strange value that its error repeats."""


def resource(queue: str) -> str:
    """Return the queue's resource; raise BadRequest for what is no name of a queue."""
    if not NAME.fullmatch(queue):
        raise BadRequest(
            "bad name of a queue",
            seen=repr(queue[:SHOWN]),
            expected="a-z, 0-9 and - between them, 63 characters at most",
        )
    return f"queue-{queue}"


def trusted_task(told: Mapping[str, Any]) -> luigi.Task:
    """Return the task that luigid handed over, made of its module, family and parameters.

    Whoever reaches luigid may put anything into it, and Luigi imports the module that it names: so
    this comes first, and imports nothing.

    Raises:
        BadRequest: it is none of the pipeline's, or other than its id says.
    """
    family, module, given = (told.get(f"task_{key}") for key in ("family", "module", "params"))
    if not (isinstance(family, str) and isinstance(given, dict)):
        raise BadRequest("no task of the pipeline", seen=repr(family)[:SHOWN])
    if not all(isinstance(value, str) for value in given.values()):
        raise BadRequest(f"{family[:SHOWN]} has parameters that are no text")
    judge("luigid", family, given)
    task = known_task(family, given)
    if module != task.task_module:
        raise BadRequest("a module that is not the pipeline's", seen=repr(module)[:SHOWN],
                         expected=task.task_module)  # fmt: skip
    if told.get("task_id") != task.task_id:
        raise BadRequest("a task under another one's id", seen=repr(told.get("task_id"))[:SHOWN],
                         expected=task.task_id)  # fmt: skip
    return task


def known_task(family: str, parameters: Mapping[str, str]) -> luigi.Task:
    """Return a task of the pipeline that has been judged."""
    import pipeline

    task: luigi.Task = getattr(pipeline, family).from_str_params(parameters)
    return task
