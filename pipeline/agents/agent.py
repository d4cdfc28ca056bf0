"""An agent: Luigi's worker, bound to one queue.

Belongs here: what it does with the tasks it is given, and how it ends. Not here: which those are
(``luigid.py``), how one is run (``whole.py``).
"""

import importlib
import logging
import multiprocessing
import signal
from collections.abc import Callable
from typing import Any, Final

import luigi
from luigi.interface import core
from luigi.setup_logging import InterfaceLogging
from luigi.task_status import PENDING
from luigi.worker import Worker, fork_lock

from pipeline.agents.luigid import Began, Queue, Stopped
from pipeline.agents.record import record
from pipeline.agents.tell import tell_of_task
from pipeline.core.errors import PipelineError, Transient
from pipeline.core.run_id import run_id
from pipeline.core.scheduler import answers, luigid_address, without_credentials
from pipeline.deployments.records import append
from pipeline.history.outbox import send

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
END_SECONDS: Final = 10
OF_EVERY_MONTH: Final = (
    "pyarrow.parquet",
    "google.cloud.storage",
    "google.cloud.bigquery",
    "pipeline.normalize.rewrite",
)
"""Slow imports, done once: the process of each task is a copy of the agent's."""


def work(name: str, workers: int, until_idle: bool) -> None:
    """Run the tasks of a queue until a signal asks to end, or nothing is left to do.

    Each runs in a process of its own. Tasks under way at a signal are ended, and left to others.

    Raises:
        BadRequest: ``name`` is no name of a queue.
        Transient: luigid does not answer as the agent starts.
    """
    address = luigid_address()
    queue = Queue(address, name)
    shown = without_credentials(address)
    if not answers(address):
        raise Transient(f"no luigid at {shown}",
                        next_step="make scheduler, or set [core] scheduler_url")  # fmt: skip
    InterfaceLogging.setup(core())
    for module in OF_EVERY_MONTH:
        importlib.import_module(module)
    agent = Agent(queue, workers, until_idle)
    logger.info("agent of queue %s at %s, %s at once", name, shown, workers)
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, queue.stop)
    try:
        with agent:
            agent.run()  # type: ignore[no-untyped-call]
    except Stopped:
        agent.leave()
    else:
        send()


class Agent(Worker):
    """Luigi's worker, for the tasks of one queue, each whole and in its own process."""

    def __init__(self, queue: Queue, workers: int, until_idle: bool) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            queue,
            worker_processes=workers,
            keep_alive=True,
            wait_interval=POLL_SECONDS,
            wait_jitter=POLL_SECONDS,
            force_multiprocessing=True,
            check_complete_on_run=True,
            # The task makes what it requires.
            check_unfulfilled_deps=False,
            task_process_context="pipeline.agents.whole.Whole",
        )
        self._queue = queue
        queue.on_end = self._keep
        self._sender: multiprocessing.Process | None = None
        self._until_idle = until_idle

    def add(self, task: luigi.Task, multiprocess: bool = False, processes: int = 0) -> bool:
        """Put a month that a running task has named into the queue, whole, for whoever is free.

        Whether it is there already, the process that takes it asks.
        """
        self._scheduled_tasks[task.task_id] = task
        self._add_task(  # type: ignore[no-untyped-call]
            worker=self._id,
            task_id=task.task_id,
            status=PENDING,
            runnable=True,
            deps=[],
            expl="",
            params=task.to_str_params(),
            family=task.task_family,
            module=task.task_module,
        )
        return True

    def leave(self) -> None:
        """End, and leave what was running to other agents."""
        for process in multiprocessing.active_children():
            process.join(END_SECONDS)
            process.kill()
        left = self._queue.hand_back(self._id)
        logger.info("ended by a signal; %s running tasks left to other agents", left)

    def _keep(self, family: str, params: dict[str, str], began: Began, error: str) -> None:
        """Keep a record of a task that ended, and send it into the history meanwhile."""
        kept = record(family, params, began, error)
        if kept.on_behalf_of:
            _start(tell_of_task, kept)
        try:
            append(kept)
        except PipelineError as reason:
            logger.warning("no record is kept of %s: %s", family, reason)
            return
        if self._sender is None or not self._sender.is_alive():
            self._sender = _start(send)

    def _create_task_process(self, task: luigi.Task) -> Any:
        terms = self._queue.terms(task.task_id)
        task.worker_timeout = round(terms.timeout.total_seconds()) if terms.timeout else None
        process = super()._create_task_process(task)  # type: ignore[no-untyped-call]
        process.terms = terms
        vars(task)["run_id"] = run_id()
        return process

    def _handle_next_task(self) -> None:
        self._queue.go_on()
        super()._handle_next_task()  # type: ignore[no-untyped-call]

    def _keep_alive(self, get_work_response: Any) -> bool:
        # Luigi keeps all that it ever told and was told, for the summary of a run that ends.
        self._get_work_response_history.clear()
        self._add_task_history.clear()
        if self._stop_requesting_work:
            return False
        return not self._until_idle or self._queue.is_busy()


def _start(work: Callable[..., None], *given: Any) -> multiprocessing.Process:
    """Do some work in a process of its own, which ends like any other."""
    process = multiprocessing.Process(target=_apart, args=(work, given))
    with fork_lock:
        process.start()
    return process


def _apart(work: Callable[..., None], given: tuple[Any, ...]) -> None:
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_DFL if kind != signal.SIGINT else signal.SIG_IGN)
    work(*given)
