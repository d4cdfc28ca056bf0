"""On which terms a deployment has its tasks run, as the host that runs them knows it.

Belongs here: how luigid is told whose a task is, and what that means to the agent that takes it.
Not here: taking it (``luigid.py``), running it (``whole.py``).

luigid carries a deployment's name and version, and no more: a task's resource of which it takes
none, since resources are what luigid keeps of the newest request. What environment, how long and
how often, the agent reads in its own host's file: whoever reaches luigid can name a deployment,
not write one.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final

from pipeline.core.errors import BadRequest, NotPublished, PipelineError
from pipeline.core.settings import deployments as settings
from pipeline.deployments.invocation import CARRIED
from pipeline.deployments.reading import Deployed, read

logger = logging.getLogger(__name__)

PREFIX: Final = "deployment-"


def named(deployed: Deployed) -> str:
    """Return a deployment as tasks name it: ``monthly-bigquery@5ed9113941f8``."""
    return f"{deployed.name}@{deployed.version}"


def as_resource(asked_by: str) -> dict[str, int]:
    """Return what luigid is told; nothing for a task of no deployment's."""
    return {f"{PREFIX}{asked_by}": 0} if asked_by else {}


def asked_by(resources: Iterable[str] | None) -> str:
    """Return whose a task is by what luigid tells of it; empty where it is no deployment's."""
    found = (name.removeprefix(PREFIX) for name in resources or () if name.startswith(PREFIX))
    return next(found, "")


@dataclass(frozen=True)
class Terms:
    """How a task is run; by default once, in the agent's environment and in its time."""

    deployment: str = ""
    version: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    timeout: timedelta | None = None
    """Of all tries together: Luigi ends the process of a task that outlasts its time."""
    retries: int = 0
    tried: "Synchronized[int]" = field(default_factory=lambda: multiprocessing.Value("i", 1))
    """How often it was tried, as the process that does it tells the agent."""

    def keep(self, make: Callable[[], Any]) -> Any:
        """Return what ``make`` does, tried as often as it may be, with a pause in between.

        A month that is not published, and what can never be, is not tried again.
        """
        for number in range(1, self.retries + 1):
            try:
                return make()
            except (NotPublished, BadRequest):
                raise
            except PipelineError as error:
                pause = float(settings().retry_pause)
                logger.warning("%s; once more in %g s", error, pause)
                time.sleep(pause)
                self.tried.value = number + 1
        return make()


def terms(asked_by: str) -> Terms:
    """Return this host's terms for what a deployment asks for.

    Raises:
        BadRequest: there is no such deployment here, or it is for an agent of other settings.
    """
    if not asked_by:
        return Terms()
    name, _, version = asked_by.partition("@")
    here = read(name)
    what = here.deployment
    for variable in CARRIED:
        wanted = what.environment.get(variable)
        if wanted is not None and wanted != os.environ.get(variable):
            raise BadRequest(
                f"{name} is for agents under another {variable}",
                seen=os.environ.get(variable, "none"),
                expected=wanted,
                next_step=f"{variable}={wanted} tlc agent --queue {what.queue}",
            )
    if here.version != version:
        logger.warning("%s was asked for in version %.14r; this host has %s, and goes by that",
                       name, version, here.version)  # fmt: skip
    pauses = timedelta(seconds=float(settings().retry_pause)) * what.retries
    return Terms(
        deployment=name,
        version=here.version,
        environment=what.environment,
        timeout=what.timeout * (what.retries + 1) + pauses,
        retries=what.retries,
    )
