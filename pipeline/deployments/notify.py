"""Tell somebody about a run.

Belongs here: the one place through which a run's news leave. Not here: whether there is news
(``policy.py``). A connection's kinds of messages will be sent from here; until then it is standard
error, which cron mails and systemd keeps.
"""

import sys

from pipeline.core.errors import PipelineError


def notify(news: PipelineError) -> None:
    """Write one line to standard error."""
    print(f"ERROR {news}", file=sys.stderr, flush=True)
