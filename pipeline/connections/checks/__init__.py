"""What a connection may do, by doing it: under a temporary name, and gone again afterwards.

Belongs here: one module for each service, which asks it for all that a load needs. Not here: how
the answers are shown (``operate/connections.py``).
"""

from collections.abc import Iterator

from pipeline.connections.checks.answer import Answer
from pipeline.connections.kinds import (
    Apprise,
    BigQuery,
    CloudStorage,
    Connection,
    Postgres,
    Sandbox,
    Smtp,
    Webhook,
)

__all__ = ["Answer", "answers"]


def answers(connection: Connection) -> Iterator[Answer]:
    """Yield an answer for each thing that a load, or a message, needs of the connection.

    Where one is refused, what would need it is not asked for. The bucket, dataset and schema are
    those of the settings. Safe to call again, and beside a load.
    """
    if isinstance(connection, CloudStorage | Sandbox):
        from pipeline.connections.checks.storage import storage_answers

        yield from storage_answers(connection)
    if isinstance(connection, BigQuery | Sandbox):
        from pipeline.connections.checks.bigquery import bigquery_answers

        yield from bigquery_answers(connection)
    if isinstance(connection, Postgres | Sandbox):
        from pipeline.connections.checks.postgres import postgres_answers

        yield from postgres_answers(connection)
    if isinstance(connection, Smtp):
        from pipeline.connections.checks.mail import mail_answers

        yield from mail_answers(connection)
    if isinstance(connection, Webhook):
        from pipeline.connections.checks.webhook import webhook_answers

        yield from webhook_answers(connection)
    if isinstance(connection, Apprise):
        from pipeline.connections.checks.apprise import apprise_answers

        yield from apprise_answers(connection)
