"""Tell somebody about a task that an agent took for a deployment.

Belongs here: which of them are told of. Not here: what a message says, and sending it
(``deployments/``).

The months of one triggered task may be run by many hosts, none of which knows them all. So a
message tells of one task, and only of one that failed, or that was itself triggered.
"""

import logging
import os

from pipeline.core.errors import BadRequest
from pipeline.deployments.notify import tell_of_run
from pipeline.deployments.policy import FAILED
from pipeline.deployments.reading import read
from pipeline.deployments.records import RunRecord

logger = logging.getLogger(__name__)


def tell_of_task(record: RunRecord) -> None:
    """Send what there is to tell of a task that ended, in a process of its own."""
    try:
        deployed = read(record.on_behalf_of)
    except BadRequest:
        return  # It was refused, and that was said.
    what = deployed.deployment
    if record.code != FAILED and record.command[1] != what.task:
        return
    os.environ.update(what.environment)

    def say(text: str, level: int) -> None:
        logger.log(level, "%s: %s", deployed.name, text, extra={"run_id": record.run_id})

    tell_of_run(what.notifications, record, None, say, is_news=record.code == FAILED)
