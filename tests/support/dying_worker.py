"""Luigi's command line, killed with SIGKILL at a chosen moment: weather, made repeatable.

``python -m support.dying_worker MOMENT luigi-arguments...`` where MOMENT is ``Task@percent`` (the
first progress report of that task at or above the percent, and below 100) or a dotted function
name (the moment at which it is called).
"""

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

from luigi.cmdline import luigi_run

from pipeline.core.pipeline_task import PipelineTask


def die(*args: Any, **kwargs: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def die_at_progress(family: str, percent: float) -> None:
    report = PipelineTask.report

    def watched(task: PipelineTask, seen: float | None = None, *args: Any, **kwargs: Any) -> None:
        if type(task).__name__ == family and seen is not None and percent <= seen < 100:
            die()
        report(task, seen, *args, **kwargs)

    PipelineTask.report = watched  # type: ignore[method-assign]


def die_at_call(name: str) -> None:
    module, _, function = name.rpartition(".")
    setattr(importlib.import_module(module), function, die)


if __name__ == "__main__":
    moment, *arguments = sys.argv[1:]
    family, at, percent = moment.partition("@")
    if at:
        die_at_progress(family, float(percent))
    else:
        die_at_call(moment)
    luigi_run(arguments)
