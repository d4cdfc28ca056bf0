"""The base of every task about what TLC publishes: when it ends, that is noted.

Belongs here: what became of the task, as ``outcomes.py`` keeps it. Not here: the parameters of a
month (``month_task.py``), any stage's work.

Luigi's events fire in the process that runs the task, which is where its time and its last report
are known; so it is that process that notes them, whatever ``--workers`` says.
"""

import time
from datetime import UTC, datetime
from typing import Any

import luigi

from pipeline.core.errors import UNPUBLISHED, NotPublished, PipelineError, one_line
from pipeline.core.logs import at_work, masked
from pipeline.core.outcomes import Outcome, Result, note
from pipeline.core.pipeline_task import PipelineTask
from pipeline.core.publications import Publication
from pipeline.core.run_id import run_id


class PublicationTask(PipelineTask):
    """A task about a month, or about the taxi zones."""

    _began: float | None = None
    _refusal: PipelineError | None = None
    run_id: str = ""
    """Of the run, where it is not this process's: an agent has many at once."""

    @property
    def subject(self) -> Publication:
        """What the task is about."""
        raise NotImplementedError

    @property
    def about(self) -> str:
        """What lines of the log call it; empty where it is about a month that cannot exist."""
        try:
            return str(self.subject)
        except PipelineError:
            return ""

    def is_there(self) -> bool:
        """Return whether what the task makes is there; its errors are those of ``complete``."""
        return bool(super().complete())  # type: ignore[no-untyped-call]

    def complete(self) -> bool:
        """Return whether the task is done, at its target.

        Raises:
            Transient, Terminal: who is to know does not answer, or refuses.
        """
        try:
            with at_work(self):
                return self.is_there()
        except PipelineError as error:
            self._refusal = error
            raise

    def on_success(self) -> Any:
        """Note that it is done."""
        self.note("done", self._reported.message)
        return super().on_success()  # type: ignore[no-untyped-call]

    def on_failure(self, exception: BaseException) -> Any:
        """Note why it failed, and return what the dashboard shows."""
        is_waiting = isinstance(exception, NotPublished)
        self.note("not published" if is_waiting else "failed", told_of(exception))
        return super().on_failure(exception)

    def note(self, result: Result, told: str) -> None:
        """Note what became of the task; nothing of a month that cannot exist."""
        if not self.about:
            return
        subject = self.subject
        seconds = None if self._began is None else round(time.monotonic() - self._began, 3)
        note(
            Outcome(
                run_id=self.run_id or run_id(),
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                task=self.task_family,
                service=subject.service,
                month=subject.key,
                result=result,
                seconds=seconds,
                rows=self._reported.rows,
                told=told,
                link=self._reported.url,
            )
        )


def told_of(error: BaseException) -> str:
    """Return an error as one line, without the password of an address in it."""
    told = str(error)
    return masked(told if isinstance(error, PipelineError) else
                  one_line(f"{type(error).__name__}: {told}"))  # fmt: skip


def _on_start(task: PublicationTask) -> None:
    task._began = time.monotonic()


def _on_missing(task: PublicationTask) -> None:
    """Note what could not be begun: its publisher does not have it, or a target did not answer."""
    if task._refusal is not None:
        task.note("failed", told_of(task._refusal))
    elif isinstance(task, luigi.ExternalTask):
        task.note("not published", f"{task.subject} {UNPUBLISHED}")


def _on_broken(task: PublicationTask, error: BaseException | str) -> None:
    """Note what could not be begun, or whose process was killed."""
    task.note("failed", error if isinstance(error, str) else told_of(error))


for event, handler in (
    (luigi.Event.START, _on_start),
    (luigi.Event.DEPENDENCY_MISSING, _on_missing),
    (luigi.Event.BROKEN_TASK, _on_broken),
    (luigi.Event.PROCESS_FAILURE, _on_broken),
    (luigi.Event.TIMEOUT, _on_broken),
):
    PublicationTask.event_handler(event)(handler)  # type: ignore[no-untyped-call]
