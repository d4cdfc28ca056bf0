"""``tlc ingest``: any parquet or CSV file into a table in Postgres."""

import logging
from typing import Any, Final

import click

from pipeline.core.errors import BadRequest
from pipeline.core.profile import CONNECTION
from pipeline.core.settings import SANDBOX

COMMAND_LINE: Final = "command-line"
NO_PASSWORD: Final = "it would be seen in ps, in logs and on the scheduler's page"


@click.command()
@click.option("--url", required=True, help="An http(s) URL or a path: .parquet, .csv or .csv.gz.")
@click.option("--table-name", "--table_name", required=True, help="The table to load into.")
@click.option("--connection", help="A named connection, instead of [postgres] connection.")
@click.option("--user", help="As whom, instead of the connection's user.")
@click.option("--host", help="Which server, instead of the connection's.")
@click.option("--port", help="Its port, instead of the connection's.")
@click.option("--db", help="Which database, instead of the connection's.")
@click.option("--password", help="Refused: see PGPASSWORD, ~/.pgpass or the connection's password.")
@click.option("--replace", is_flag=True, help="Replace a table that is there.")
@click.option("--append", is_flag=True, help="Keep its rows, and add to them.")
@click.option("--as-is", is_flag=True, help="Keep a TLC file's columns as they are in it.")
def ingest(url: str, table_name: str, password: str | None, replace: bool, append: bool,
           as_is: bool, connection: str | None, **server: Any) -> None:  # fmt: skip
    """Load a file into a table, in one transaction, and once.

    A file of TLC's gets its service's schema, any other keeps its own.

    \b
    Example: tlc ingest --url trips.parquet --table-name my_trips
    """
    from pipeline.ingest.task import IngestUrlToPostgres

    if password is not None:
        raise BadRequest(
            "--password is not taken: " + NO_PASSWORD,
            next_step="export PGPASSWORD, fill ~/.pgpass, or name a --connection whose password "
            "is env:, file: or keyring:",
        )
    if replace and append:
        raise click.UsageError("--replace and --append exclude each other")
    existing = "replace" if replace else "append" if append else "refuse"
    logging.getLogger("pipeline").setLevel(logging.INFO)
    _use(connection, {name: value for name, value in server.items() if value is not None})
    task = IngestUrlToPostgres(url=url, table_name=table_name, existing=existing, as_is=as_is)
    if task.output().exists():
        click.echo(f"{task.source} is in {table_name} already")
    else:
        task.run()
        click.echo(f"{task.source} is in {table_name}")


def _use(connection: str | None, server: dict[str, Any]) -> None:
    import luigi

    config = luigi.configuration.get_config()
    if connection:
        config.set("postgres", "connection", connection.replace("%", "%%"))
    if server:
        for key, value in _overridden(server).items():
            config.set(f"{CONNECTION}{COMMAND_LINE}", key, str(value).replace("%", "%%"))
        config.set("postgres", "connection", COMMAND_LINE)


def _overridden(server: dict[str, Any]) -> dict[str, Any]:
    """Return the connection in use with the flags' values in place of its own.

    Its password goes to its own host and user only: for others, libpq finds one.
    """
    from pipeline.connections.postgres import postgres_connection

    base = postgres_connection().model_dump(exclude={"name"}, exclude_none=True)
    if base["kind"] == SANDBOX and server.keys() != {"db"}:
        base = {"kind": "postgres"}
    if any(server.get(key, base.get(key)) != base.get(key) for key in ("host", "user")):
        base.pop("password", None)
    return {**base, **server}
