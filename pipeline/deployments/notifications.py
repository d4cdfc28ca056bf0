"""The connections that a deployment's ``notifications`` name.

Belongs here: whether they are there and carry messages, and who names one. Not here: sending
(``notify.py``).
"""

from pipeline.connections.named import named
from pipeline.core.errors import BadRequest
from pipeline.deployments.reading import Deployed, all_deployed


def judge_notifications(deployed: Deployed) -> None:
    """Raise BadRequest where a name is no connection, or of one that carries no messages."""
    from pipeline.connections.kinds import Smtp, Webhook

    for name in deployed.deployment.notifications:
        connection = named(name)
        if not isinstance(connection, (Smtp, Webhook)):
            raise BadRequest(f"{deployed.name}: notifications: {name} carries no messages",
                             seen=connection.model_dump()["kind"],
                             expected="a connection of kind smtp or webhook",
                             next_step="tlc connections list")  # fmt: skip


def deployments_naming(connection: str) -> list[str]:
    """Return the deployments that name the connection, as ``deployment monthly-bigquery``."""
    found = (known for known in all_deployed() if isinstance(known, Deployed))
    return [f"deployment {known.name}" for known in found
            if connection in known.deployment.notifications]  # fmt: skip
