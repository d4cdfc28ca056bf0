"""luigid as an agent of one queue sees it.

Belongs here: joining the queue's tasks, judging what comes, waiting out luigid's absence, and what
becomes of a task whose agent died. Not here: running (``agent.py``).

luigid hands a task only to a worker that has scheduled it, or to an assistant; and an assistant
gets whatever there is, also what an ordinary run means for itself. So an agent is no assistant: it
joins each task of its queue, as every second worker that schedules the same task does, and luigid
gives it to one of those that joined.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DONE, FAILED, PENDING, RUNNING

from pipeline.agents.queue import known_task, resource, trusted_task
from pipeline.agents.terms import Terms, as_resource, asked_by, terms
from pipeline.core.errors import BadRequest
from pipeline.core.run_id import begin_run
from pipeline.core.scheduler import ANSWER_SECONDS, without_credentials

logger = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 5.0
"""How long luigid must have answered before tasks are taken over: those that live tell it first."""
UNTOLD: Final = (None, "", '""', "null")
"""What luigid knows of the end of a task of which nobody has told it."""

Told = dict[str, Any]


class Began(NamedTuple):
    """When a task of the queue was taken, the id of the run that it is, and on which terms."""

    at: datetime
    run_id: str
    terms: Terms


Ended = Callable[[str, dict[str, str], Began, str], None]
"""What is told of a task that ended: its family, its parameters, how it began, why it failed."""


class Stopped(Exception):
    """Raised at the next question to luigid after ``Queue.stop``."""


class Queue(RemoteScheduler):
    """luigid, with the tasks of one queue.

    Its methods are those that ``luigi.worker.Worker`` calls. While luigid does not answer, those
    that matter wait for it, and the others raise ``RPCError``.
    """

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, connect_timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
        self._rpc_retry_attempts = 1
        self._rpc_log_retries = False
        self._resource = resource(name)
        self._shown = without_credentials(url)
        self._answering_since: float | None = None
        self._running: dict[str, Told] = {}
        self._explained: set[tuple[str, float]] = set()
        self._began: dict[str, Began] = {}
        self._asked_by: dict[str, str] = {}
        self.on_end: Ended = lambda family, params, began, error: None
        self._introduction: Told = {}
        self._is_stopped = False

    def stop(self, *signal: object) -> None:
        """End the agent as soon as nothing is in the middle of anything: a signal's handler."""
        self._is_stopped = True

    def go_on(self) -> None:
        """Raise Stopped where the agent is asked to end."""
        if self._is_stopped:
            raise Stopped

    def get_work(self, **asked: Any) -> Told:
        """Return a task of the queue to run, or none."""
        self._join(asked["worker"])
        reply = self._patiently("get_work", **asked)
        return self._trusted(reply, asked["worker"]) if "task_family" in reply else reply

    def add_task(self, **told: Any) -> None:
        """Tell luigid of a task, as one of the queue's."""
        params = told.get("params") or self._running.get(told["task_id"], NOBODYS)["task_params"]
        told["resources"] = {**(told.get("resources") or {}), **self._resources(params)}
        if "params" in told:
            # Luigi keeps the parameters that it was told first, whoever asks later.
            told["params"] = {key: text for key, text in params.items() if key != "deployment"}
        if "tracking_url" in told:
            # From the process that runs the task, to which its work is worth more.
            self._ask("add_task", **told)
            return
        has_run = "new_deps" in told
        reply = self._running.pop(told["task_id"], None) if has_run else None
        self._patiently("add_task", **told)
        if reply is not None and told["status"] in (DONE, FAILED):
            self._say_ended(told, reply)

    def add_worker(self, worker: str, info: Any) -> None:
        """Tell luigid who this is."""
        self._introduction = {"worker": worker, "info": info}
        self._patiently("add_worker", **self._introduction)

    def ping(self, worker: str) -> None:
        """Tell luigid that the agent lives, and, where it was away, what it runs.

        What luigid answers is passed over: anybody may make it tell an agent to run a thousand
        tasks at once.
        """
        try:
            self._ask("ping", worker=worker)
            if self._answering_since is None:
                self._tell_again(worker)
                self._answering_since = time.monotonic()
        except RPCError:
            self._answering_since = None

    def is_busy(self) -> bool:
        """Return whether anybody runs a task of the queue, or one waits for being taken over."""
        return bool(self._listed(RUNNING) or self._abandoned())

    def hand_back(self, worker: str) -> int:
        """Leave what was running to other agents; return how many tasks there were."""
        left = [*self._running]
        try:
            for task_id in left:
                kept = self._resources(self._running[task_id]["task_params"])
                asked = {"resources": kept, "status": FAILED, "expl": ""}
                self._ask("add_task", worker=worker, task_id=task_id, **asked)
        except RPCError:
            pass  # luigid finds out by itself.
        return len(left)

    def terms(self, task_id: str) -> Terms:
        """Return on which terms a task that was taken is to be run."""
        return self._began[task_id].terms

    def _resources(self, params: Mapping[str, str]) -> dict[str, int]:
        """Return what tells luigid whose a task is: this queue's, and a deployment's."""
        return {self._resource: 1, **as_resource(params.get("deployment", ""))}

    def _join(self, worker: str) -> None:
        """Schedule each task of the queue that waits, and those whose agent died."""
        listed = self._listed(PENDING)
        waiting = {key: told for key, told in listed.items() if worker not in told["workers"]}
        if self._is_settled():
            waiting |= self._abandoned()
        listed |= waiting
        self._asked_by = {key: asked_by(told["resources"]) for key, told in listed.items()}
        for task_id, told in waiting.items():
            kept = {"resources": told["resources"], "priority": told["priority"]}
            self._patiently("add_task", worker=worker, task_id=task_id, status=PENDING, **kept)

    def _is_settled(self) -> bool:
        since = self._answering_since
        return since is not None and time.monotonic() - since > GRACE_SECONDS

    def _abandoned(self) -> dict[str, Told]:
        """Return the queue's tasks that failed only because their agent is no more."""
        found = {}
        for task_id, told in self._listed(FAILED).items():
            failure = task_id, told["last_updated"]
            if failure in self._explained:
                continue
            if self._patiently("fetch_error", task_id=task_id)["error"] in UNTOLD:
                found[task_id] = told
            else:
                self._explained.add(failure)
        return found

    def _tell_of_failed(self) -> None:
        """Show, at each task some of whose months failed, how many of them did."""
        with suppress(RPCError):  # Only the dashboard would know.
            for task_id in self._listed(PENDING, "UPSTREAM_FAILED"):
                graph = self._ask("dep_graph", task_id=task_id)
                named = [graph[month]["status"] for month in graph[task_id]["deps"]]
                there, failed = named.count(DONE), named.count(FAILED)
                message = f"of {len(named)} missing months {there} are there now, {failed} failed"
                self._ask("set_task_status_message", task_id=task_id, status_message=message)

    def _listed(self, status: str, upstream_status: str = "") -> dict[str, Told]:
        """Return the queue's tasks of a status. luigid looks for dead workers at this."""
        asked = {"status": status, "upstream_status": upstream_status, "limit": False}
        listed = self._patiently("task_list", **asked)
        return {key: told for key, told in listed.items()
                if self._resource in (told["resources"] or ())}  # fmt: skip

    def _trusted(self, reply: Told, worker: str) -> Told:
        """Return the reply, or one without work where it names none of the pipeline's tasks."""
        try:
            if isinstance(reply["task_params"], dict):
                reply["task_params"]["deployment"] = self._asked_by.get(reply["task_id"], "")
            task = trusted_task(reply)
            accepted = terms(reply["task_params"]["deployment"])
        except BadRequest as error:
            refused = reply.get("batch_task_ids") or [reply["task_id"]]
            logger.error("refused %s: %s", ", ".join(map(repr, refused)), error)
            for task_id in refused:
                told = {"status": FAILED, "expl": f"refused: {error}"}
                self.add_task(worker=worker, task_id=task_id, **told)
            return {key: told for key, told in reply.items() if key in KEPT} | {"task_id": None}
        self._running[task.task_id] = reply
        # The process of the task, which is started next, inherits the id.
        self._began[task.task_id] = Began(datetime.now(UTC), begin_run(), accepted)
        return reply

    def _say_ended(self, told: Told, reply: Told) -> None:
        status, family, params = told["status"], reply["task_family"], reply["task_params"]
        began = self._began.pop(told["task_id"])
        logger.info(
            "%-9s %s", status.lower(), known_task(family, params), extra={"run_id": began.run_id}
        )
        error = str(json.loads(told["expl"])) if status == FAILED else ""
        self.on_end(family, params, began, error)
        self._tell_of_failed()

    def _tell_again(self, worker: str) -> None:
        if self._introduction:
            self._ask("add_worker", **self._introduction)
        for task_id, reply in [*self._running.items()]:
            told = {key: reply[f"task_{key}"] for key in ("family", "module", "params")}
            asked = {"resources": self._resources(told["params"]), "status": RUNNING}
            self._ask("add_task", worker=worker, task_id=task_id, **asked, **told)

    def _patiently(self, method: str, **asked: Any) -> Any:
        """Ask until luigid answers; one line when it stops answering, and one when it is back."""
        is_away = False
        while True:
            self.go_on()
            try:
                answer = self._ask(method, **asked)
            except RPCError as error:
                if not is_away:
                    why = error.sub_exception or error
                    logger.warning("luigid at %s does not answer (%s): waiting", self._shown,
                                   type(why).__name__)  # fmt: skip
                is_away, self._answering_since = True, None
                time.sleep(PAUSE_SECONDS)
            else:
                if is_away:
                    logger.info("luigid at %s answers again", self._shown)
                return answer

    def _ask(self, method: str, **asked: Any) -> Any:
        return getattr(RemoteScheduler, method)(self, **asked)


NOBODYS: Final[Told] = {"task_params": {}}
KEPT: Final = ("n_pending_tasks", "n_unique_pending", "running_tasks", "worker_state")
"""What of a reply is about no task."""
