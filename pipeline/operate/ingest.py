"""``tlc ingest``: any parquet or CSV file into a table in Postgres."""

from typing import Any, Final

import click

from pipeline.core.errors import BadRequest

NO_PASSWORD: Final = "it would be seen in ps, in logs and on the scheduler's page"


@click.command()
@click.option("--url", required=True, help="An http(s) URL or a path: .parquet, .csv or .csv.gz.")
@click.option("--table-name", required=True, help="The table to load into.")
@click.option("--user", help="As whom, instead of [postgres] user.")
@click.option("--host", help="Which server, instead of [postgres] host.")
@click.option("--port", type=int, help="Its port, instead of [postgres] port.")
@click.option("--db", help="Which database, instead of [postgres] db.")
@click.option("--password", help="Refused: see PGPASSWORD, ~/.pgpass or [postgres] password.")
@click.option("--replace", "existing", flag_value="replace", help="Replace a table that is there.")
@click.option("--append", "existing", flag_value="append", help="Keep its rows, and add to them.")
@click.option("--as-is", is_flag=True, help="Keep a TLC file's columns as they are in it.")
def ingest(url: str, table_name: str, password: str | None, existing: str | None, as_is: bool,
           **server: Any) -> None:  # fmt: skip
    """Load a file into a table, in one transaction, and once.

    A file of TLC's gets its service's schema, any other keeps its own.
    """
    from pipeline.ingest.task import IngestUrlToPostgres

    if password is not None:
        raise BadRequest(
            "--password is not taken: " + NO_PASSWORD,
            next_step="export PGPASSWORD, fill ~/.pgpass, or set [postgres] password to env:, "
            "file: or keyring:",
        )
    _use({name: value for name, value in server.items() if value is not None})
    task = IngestUrlToPostgres(
        url=url, table_name=table_name, existing=existing or "refuse", as_is=as_is
    )
    if task.output().exists():
        click.echo(f"{url} is in {table_name} already")
    else:
        task.run()
        click.echo(f"{url} is in {table_name}")


def _use(server: dict[str, Any]) -> None:
    import luigi

    config = luigi.configuration.get_config()
    if server.keys() - {"db"}:
        server["endpoint"] = "server"
    for name, value in server.items():
        config.set("postgres", name, str(value))
