"""Write a new deployment's file.

Belongs here: the first form of a file. Not here: changing one; that is done by hand.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import yaml

from pipeline.core.errors import BadRequest
from pipeline.core.files import explained
from pipeline.deployments.command import judge
from pipeline.deployments.deployment import as_text
from pipeline.deployments.reading import file_of, parse


def build(
    name: str, task: str, parameters: Mapping[str, str], queue: str, schedule: Mapping[str, str]
) -> Path:
    """Write ``config/deployments/<name>.yaml`` with every key; return its path.

    Raises:
        BadRequest: the name is bad or taken, or the deployment would not be sound.
    """
    path = file_of(name)
    given = {"task": task, "parameters": {**parameters}, "schedule": {**schedule}, "queue": queue}
    deployment = parse(yaml.safe_dump(given, sort_keys=False).encode(), path.name)
    judge(name, deployment.task, deployment.parameters)
    values = deployment.model_dump()
    for key, value in values.items():
        values[key] = as_text(value) if isinstance(value, timedelta) else value
    plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
    if path.exists():
        raise BadRequest(f"{name} is there already", seen=path,
                         next_step=f"edit it, then: tlc deployments check {name}")  # fmt: skip
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            yaml.safe_dump(plain, file, sort_keys=False, allow_unicode=True)
    return path
