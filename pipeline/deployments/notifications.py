"""The connections that a deployment's ``notifications`` name.

Belongs here: whether they are there and carry messages, and who names one. Not here: sending
(``notify.py``).
"""

from pipeline.core.errors import BadRequest
from pipeline.deployments.reading import Deployed, all_deployed


def judge_notifications(deployed: Deployed) -> None:
    """Raise BadRequest where a name is no connection, or of one that carries no messages."""
    from pipeline.connections.messages import carrier

    for name in deployed.deployment.notifications:
        try:
            carrier(name)
        except BadRequest as error:
            raise BadRequest(f"{deployed.name}: bad notifications", seen=error) from None


def deployments_naming(connection: str) -> list[str]:
    """Return the deployments that name the connection, as ``deployment monthly-bigquery``."""
    found = (known for known in all_deployed() if isinstance(known, Deployed))
    return [f"deployment {known.name}" for known in found
            if connection in known.deployment.notifications]  # fmt: skip
