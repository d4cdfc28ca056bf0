"""The base of every task: its settings, its progress, its errors.

Belongs here: what all tasks share, whatever they are about. Not here: a month's parameters
(``month_task.py``) and any stage's work.
"""

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import luigi
from luigi.parameter import ParameterVisibility
from luigi.rpc import RPCError

from pipeline.core.errors import BadRequest, PipelineError
from pipeline.core.interrupts import end_when_told
from pipeline.core.profile import load_profile
from pipeline.core.run_id import run_id
from pipeline.core.scheduler import choose_scheduler
from pipeline.core.settings import log

logger = logging.getLogger(__name__)

DONE: Final = 100
LOG_SECONDS: Final = 10.0
"""Between two lines of the log about one task's progress."""


@dataclass(frozen=True)
class Reported:
    """What a task last said of itself: a message, a link to what it makes, and how many rows."""

    message: str = ""
    url: str = ""
    rows: int | None = None


class PipelineTask(luigi.Task):
    """A task that tells the dashboard and the log how it is getting on."""

    deployment: luigi.StrParameter = luigi.StrParameter(
        default="",
        significant=False,
        positional=False,
        visibility=ParameterVisibility.HIDDEN,
        description="whose task it is where an agent runs it, as NAME@VERSION",
    )

    _is_unwatched = False
    _reported = Reported()
    _told_at: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        try:
            load_profile()
            log()
        except BadRequest as refusal:
            # Raised when it is asked whether it is complete: a run then ends with Luigi's code for
            # what could not be scheduled, as it does for a month that cannot exist.
            vars(self)["complete"] = partial(_refuse, refusal)
        run_id()
        choose_scheduler()
        end_when_told()

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter]]:
        """Return the parameters in the order of telling: first what the task is about."""
        params = super().get_params()  # type: ignore[no-untyped-call]
        return sorted(params, key=lambda named: not named[1].significant)

    def to_str_params(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        """Return the parameters as the dashboard shows them, without those that say nothing."""
        told: dict[str, str] = super().to_str_params(*args, **kwargs)  # type: ignore[no-untyped-call]
        significant = {name for name, parameter in self.get_params() if parameter.significant}
        return {name: text for name, text in told.items() if text or name in significant}

    @property
    def subject(self) -> object:
        """What the task is about, as its messages call it."""
        raise NotImplementedError

    def judge(self) -> None:
        """Raise BadRequest where the parameters mean nothing that can be; no service is asked."""

    def on_failure(self, exception: BaseException) -> Any:
        """Return what the dashboard shows: one line for an expected error."""
        if isinstance(exception, PipelineError):
            return str(exception)
        return super().on_failure(exception)  # type: ignore[no-untyped-call]

    def report(
        self,
        percent: float | None = None,
        message: str = "",
        url: str = "",
        rows: int | None = None,
    ) -> None:
        """Show progress (0-100), a message with numbers and a link on the dashboard, where one is.

        Of work that takes long, the log has a line now and then, too. What was said last, and how
        many ``rows`` there are, is what is known of the task when it has ended.
        """
        self._keep(message=message, url=url, rows=rows)
        self._show(percent, message, url)
        if message and percent != DONE and self._is_time():
            self.log(message if percent is None else f"{percent:.0f} %: {message}")

    def say(self, message: str) -> None:
        """Show a message on the dashboard, and log it."""
        self._keep(message=message)
        self._show(message=message)
        self.log(message)

    def log(self, message: str) -> None:
        """Log one line about the task's subject."""
        logger.info("%s: %s", self.subject, message)

    def _keep(self, **said: Any) -> None:
        told = {name: value for name, value in said.items() if value not in ("", None)}
        self._reported = replace(self._reported, **told)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= LOG_SECONDS:
            self._told_at, is_first = now, self._told_at is None
            return not is_first
        return False

    def _show(self, percent: float | None = None, message: str = "", url: str = "") -> None:
        """Tell luigid.

        Outside a worker it does nothing, nor once luigid has gone away: work is worth more than
        its picture.
        """
        shown = {
            "set_progress_percentage": None if percent is None else round(percent),
            "set_status_message": _as_text(f"{self.subject}: {message}") if message else None,
            "set_tracking_url": url or None,
        }
        try:
            for name, value in shown.items():
                setter = getattr(self, name, None)
                if setter is not None and value is not None and not self._is_unwatched:
                    setter(value)
        except RPCError as error:
            self._is_unwatched = True
            logger.warning("%s goes on without the dashboard: %s", self.subject, error)


def _as_text(message: str) -> str:
    """Return the message without brackets of markup: the dashboard takes it for HTML, and a message
    quotes what files and servers say."""
    return message.replace("<", "\u2039").replace(">", "\u203a")


def _refuse(refusal: BadRequest) -> bool:
    raise refusal
