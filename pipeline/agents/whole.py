"""A task and all that it requires, made by one process of one host.

Belongs here: what an agent's process does around ``run``. Not here: which task (``luigid.py``).

Between a month's tasks there are files on the host's own disk, while luigid knows a task only by
its name: what one host has made would be done for all. So an agent takes a month whole. It makes
what it lacks of the files before, and only what everybody shares, the lake and the warehouse,
counts between hosts.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, Final

from pipeline.agents.terms import Terms
from pipeline.core.errors import UNPUBLISHED, NotPublished, Terminal
from pipeline.core.logs import AtWork, at_work
from pipeline.core.month_task import MonthTask
from pipeline.download.recheck import recheck

SHOWN_BY: Final = ("set_progress_percentage", "set_status_message", "set_tracking_url")
"""What Luigi lends the task that it runs, to be seen on the dashboard."""


class Whole(AtWork):
    """Luigi's hook around the process of a task (``[worker] task_process_context``).

    ``process`` is Luigi's, with the ``terms`` that the agent gave it.
    """

    def __init__(self, process: Any) -> None:
        super().__init__(process)
        self._task: Any = process.task
        self._terms: Terms = process.terms

    def __enter__(self) -> None:
        """Let the task make what it requires, and end with its agent."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # The agent ends it.
        threading.Thread(target=_end_with_agent, daemon=True).start()
        os.environ.update(self._terms.environment)
        task, run = self._task, self._task.run
        task.run = lambda: self._terms.keep(lambda: make(task, run))
        super().__enter__()


def make(task: Any, run: Callable[[], Any]) -> Any:
    """Make what the task requires, then run it; nothing where it is complete. Safe to repeat.

    Raises:
        NotPublished: the publisher does not have it yet.
        Terminal: something ran without leaving its target.
    """
    if _is_there(task):
        return None
    for required in task.deps():
        _make_required(required, {name: getattr(task, name, None) for name in SHOWN_BY})
    return run()


def _is_there(task: Any) -> bool:
    """Return whether the task is complete, whatever this host knew before of its month.

    Who asks for a month that is there may have seen that the publisher has replaced it.
    """
    if task.complete() and isinstance(task, MonthTask):
        recheck([task.trip_month])
    return bool(task.complete())


def _make_required(task: Any, shown_by: dict[str, Any]) -> None:
    if task.complete():
        return
    if task.run is None:  # An external task.
        raise NotPublished(f"{task.subject} {UNPUBLISHED}", next_step="ask again another day")
    for required in task.deps():
        _make_required(required, shown_by)
    vars(task).update(shown_by)
    with at_work(task):
        task.run()
    if not task.complete():
        raise Terminal(f"{task} ran without leaving its target", seen=task.output())


def _end_with_agent() -> None:
    """End this process as soon as the agent that started it is killed; another takes its task."""
    agent = multiprocessing.parent_process()
    assert agent is not None
    agent.join()
    os._exit(1)
