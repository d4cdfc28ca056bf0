"""``tlc sandbox``: ask about, start, stop and wipe the local stand-in for the services."""

from contextlib import suppress
from pathlib import Path

import click

from pipeline.connections.named import named
from pipeline.connections.postgres_errors import explained
from pipeline.core.settings import SANDBOX
from pipeline.sandbox import lifecycle
from pipeline.sandbox.postgres import lifecycle as postgres_lifecycle
from pipeline.sandbox.postgres.lifecycle import PostgresServer


@click.group()
def sandbox() -> None:
    """The local stand-in for Cloud Storage, BigQuery, Postgres and the publisher."""


@sandbox.command()
def status() -> None:
    """Say whether the sandbox runs, where, and how much it holds.

    \b
    Example: tlc sandbox status
    """
    root = lifecycle.sandbox_root()
    server = lifecycle.find(root)
    size = sum(map(_size, root.rglob("*"))) / 1e6
    state = "not running"
    if server:
        state = f"running at {server.url} (pid {server.pid}), version {server.version}"
    click.echo(f"sandbox {state}, {size:,.1f} MB in {root}")
    home = lifecycle.postgres_home()
    if postgres := postgres_lifecycle.find(home):
        _tell(postgres)
    elif home.is_dir():
        click.echo("postgres not running")


@sandbox.command()
@click.option("--postgres", is_flag=True, help="Its PostgreSQL, too; otherwise on first need.")
def start(postgres: bool) -> None:
    """Start the sandbox, if it is not running.

    \b
    Example: tlc sandbox start --postgres
    """
    server = lifecycle.ensure_running()
    click.echo(f"sandbox running at {server.url} (pid {server.pid})")
    if postgres:
        with explained("making the database"):
            _tell(lifecycle.ensure_postgres(_database()))


@sandbox.command()
def stop() -> None:
    """Stop the sandbox; what it holds stays.

    \b
    Example: tlc sandbox stop
    """
    if postgres := postgres_lifecycle.stop(lifecycle.postgres_home()):
        click.echo(f"postgres stopped (pid {postgres.pid})")
    server = lifecycle.stop(lifecycle.sandbox_root())
    click.echo(f"sandbox stopped (pid {server.pid})" if server else "sandbox was not running")


@sandbox.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Stop the sandbox and delete all that it holds: objects, tables, sample months.

    \b
    Example: tlc sandbox reset --yes
    """
    root = lifecycle.sandbox_root()
    if not yes:
        click.confirm(f"Delete everything in {root}?", abort=True)
    lifecycle.reset(root)
    click.echo(f"sandbox wiped: {root}")


def _tell(server: PostgresServer) -> None:
    url = f"postgresql://{server.user}@{server.host}:{server.port}/{_database()}"
    click.echo(f"postgres running at {url} (pid {server.pid}), password in {server.password_file}")


def _database() -> str:
    return str(named(SANDBOX).model_dump()["db"])


def _size(path: Path) -> int:
    """Return a file's bytes; 0 for a folder, and for what a running job has just deleted."""
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0
