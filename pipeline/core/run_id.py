"""The id of the run that this process is part of.

Belongs here: making it, and how the processes of a run share it. Not here: what is kept of a run.
"""

import os
import uuid
from datetime import UTC, datetime
from typing import Final

VARIABLE: Final = "RUN_ID"
"""Of the environment, which the processes of a run inherit."""


def run_id() -> str:
    """Return the run's id, ``20261123-011502-3f9a01bc``; the same in all its processes."""
    return os.environ.get(VARIABLE) or begin_run()


def begin_run() -> str:
    """Make this process, and those that it starts from now on, part of a new run; return its id."""
    os.environ[VARIABLE] = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    return os.environ[VARIABLE]
