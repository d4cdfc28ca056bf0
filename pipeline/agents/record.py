"""What is kept of a task that an agent took.

Belongs here: its record. Not here: keeping it (``deployments/records.py``), the history.
"""

from datetime import UTC, datetime

from pipeline.agents.luigid import Began
from pipeline.core.errors import UNPUBLISHED
from pipeline.core.month_task import MonthTask
from pipeline.deployments.policy import DONE, FAILED, NOT_PUBLISHED, RESULTS
from pipeline.deployments.records import AGENT, RunRecord


def record(family: str, parameters: dict[str, str], began: Began, error: str) -> RunRecord:
    """Return the record of a task that ended now; ``error`` is empty where it is done."""
    import pipeline

    options = (f"--{name.replace('_', '-')}={value}" for name, value in parameters.items()
               if value and name != "deployment")  # fmt: skip
    code = DONE if not error else NOT_PUBLISHED if UNPUBLISHED in error else FAILED
    is_month = issubclass(getattr(pipeline, family), MonthTask)
    return RunRecord(
        deployment=AGENT,
        version=began.terms.version,
        on_behalf_of=began.terms.deployment,
        command=["pipeline", family, *options],
        is_scheduled=False,
        started=began.at.isoformat(timespec="seconds"),
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        tries=began.terms.tried.value,
        code=code,
        result=RESULTS[code],
        # Of a defect, whose traceback is on the dashboard, the last line.
        told=error.strip().rpartition("\n")[2],
        months_loaded=int(is_month and code == DONE),
        months_failed=int(is_month and code == FAILED),
        run_id=began.run_id,
    )
