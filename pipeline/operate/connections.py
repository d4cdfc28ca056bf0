"""``tlc connections``: see, try, add and rename the named ways to services.

Belongs here: the commands and what they print. Not here: what a connection is, does or may do
(``pipeline/connections``). No secret is ever printed, only what refers to it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pipeline.core import settings
from pipeline.core.errors import BadRequest, PipelineError, Terminal
from pipeline.core.profile import CONNECTION, files_read, names_in, origin, shown
from pipeline.core.references import SECRETS
from pipeline.core.settings import SANDBOX
from pipeline.operate.output import show

if TYPE_CHECKING:
    from pipeline.connections.checks import Answer
    from pipeline.connections.kinds import Connection

LONGEST = 30.0
"""Seconds that one question of ``test`` may take, whatever the connection's own patience is."""

FORM = click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)


@click.group()
def connections() -> None:
    """The named ways to Google, Postgres, mail and webhooks."""


@connections.command("list")
@FORM
def list_(form: str) -> None:
    """Show every connection: its kind, where it leads, who uses it and which file names it.

    \b
    Example: tlc connections list --format json
    """
    from pipeline.connections.named import names

    columns = ("name", "kind", "where", "used by", "from")
    show(columns, [_line(name) for name in names()], form, folded="where")


@connections.command("show")
@click.argument("name")
@FORM
def show_(name: str, form: str) -> None:
    """Show what a connection is made of.

    A secret is shown as the reference that it is, and whether that leads to anything.

    \b
    Example: tlc connections show sandbox
    """
    from pipeline.connections.named import named

    rows = [*_keys(named(name))]
    if form == "table":  # which would write a port as an amount
        rows = [(key, value and str(value), *rest) for key, value, *rest in rows]
    show(("key", "value", "from", "resolves"), rows, form, folded="resolves")


@connections.command()
@click.argument("name")
@click.option(
    "--kind", required=True, help="apprise, bigquery, gcs, postgres, sandbox, smtp, webhook."
)
@click.option("--print", "only_print", is_flag=True, help="Print the section, and write nothing.")
@click.argument("values", nargs=-1, metavar="KEY=VALUE...")
def add(name: str, kind: str, only_print: bool, values: tuple[str, ...]) -> None:
    """Add a connection to the profile's file of settings.

    \b
    Example: tlc connections add db --kind postgres host=db.example.org password=env:DB_PASSWORD
    """
    from pipeline.connections.edit import append, section_of
    from pipeline.connections.named import names

    if name in names():
        raise BadRequest("there is a connection of that name", seen=name,
                         next_step=f"tlc connections show {name}, or choose another")  # fmt: skip
    section = section_of(name, {"kind": kind, **dict(map(_pair, values))})
    if only_print:
        click.echo(section, nl=False)
        return
    path = append(section)
    click.echo(f"{name} is in {shown(path)}; next: tlc connections test {name}")


@connections.command()
@click.argument("old")
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Rename a connection that nobody uses.

    \b
    Example: tlc connections rename warehouse archive
    """
    from pipeline.connections.edit import check_name, rename_in
    from pipeline.connections.named import named, names

    check_name(new)
    if origin(CONNECTION + old) is None:
        named(old)  # tells the nearest name
        raise BadRequest(f"{old} has no section to rename: it is always there")
    if new in names():
        raise BadRequest("there is a connection of that name", seen=new)
    if users := _users(old):
        raise BadRequest(f"{old} is in use", seen=", ".join(users),
                         next_step="name another connection there first")  # fmt: skip
    for path in files_read():
        if CONNECTION + old in names_in(path):
            rename_in(path, old, new)
            click.echo(f"{old} is {new} in {shown(path)}")


@connections.command()
@click.argument("name", required=False)
def test(name: str | None) -> None:
    """Connect, and say what may be done.

    Without a name, of every connection that has a section or is used. What is made for it has a
    temporary name and is deleted again; no mail is sent, and nothing is posted.

    \b
    Example: tlc connections test sandbox
    """
    refused = []
    for one in [name] if name else _worth_testing():
        for answer in _answers(one):
            click.echo(f"{'yes' if answer.may else 'no ':3} {one}: {answer.what}: {answer.reason}")
            refused += [f"{one}: {answer.what}"] if answer.needed and not answer.may else []
    if refused:
        raise Terminal("not all that is needed is permitted", seen=", ".join(refused),
                       next_step="see the lines that begin with no")  # fmt: skip


def _answers(name: str) -> "Iterator[Answer]":
    from pipeline.connections.checks import Answer, answers
    from pipeline.connections.named import named

    try:
        connection = named(name)
    except BadRequest as error:
        yield Answer("read the section", False, str(error))
        return
    timeout = min(connection.model_dump()["timeout"] or LONGEST, LONGEST)
    yield from answers(connection.model_copy(update={"timeout": timeout}))


def _worth_testing() -> list[str]:
    from pipeline.connections.named import names, users_of

    return [name for name in names() if users_of(name) or origin(CONNECTION + name)]


def _users(name: str) -> list[str]:
    from pipeline.connections.named import users_of
    from pipeline.deployments.notifications import deployments_naming

    return users_of(name) + deployments_naming(name)


def _line(name: str) -> tuple[str, str | None, str, str | None, str]:
    """Return a connection's row of the list; of one that cannot be read, why not."""
    from pipeline.connections.named import named

    users = ", ".join(_users(name)) or None
    source = origin(CONNECTION + name) or "always there"
    try:
        connection = named(name)
        return name, connection.model_dump()["kind"], _where(connection), users, source
    except BadRequest as error:
        return name, None, str(error), users, source


def _where(connection: "Connection") -> str:
    """Return where a connection leads; of one whose address is secret, the reference."""
    told = connection.model_dump()
    kind = told["kind"]
    if kind in ("gcs", "bigquery", SANDBOX):
        home = "this machine" if kind == SANDBOX else "Google"
        return ", ".join([told["endpoint"] or home, *_held(connection.name)])
    if kind in ("apprise", "webhook"):
        return str(told["url"])
    server = f"{told['host']}:{told['port']}"
    return f"{server}/{told['db']}" if kind == "postgres" else server


def _held(name: str) -> Iterator[str]:
    """Yield the bucket and the dataset that the settings have over there."""
    from pipeline.connections.named import users_of

    users = users_of(name)
    if "[lake]" in users:
        yield f"gs://{settings.lake().bucket}"
    if "[bigquery]" in users:
        yield f"{settings.bigquery().project}.{settings.bigquery().dataset}"


def _keys(connection: "Connection") -> Iterator[tuple[Any, ...]]:
    section = CONNECTION + connection.name
    for key, value in connection.model_dump(exclude={"name"}).items():
        resolves = _resolves(value, section, key) if value and key in SECRETS else None
        yield key, value, origin(section, key) or "default", resolves


def _resolves(reference: str, section: str, key: str) -> str:
    from pipeline.connections.secrets import resolve

    try:
        resolve(reference, f"[{section}] {key}")
    except PipelineError as error:
        return f"no: {error}"
    return "yes"


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        # What is no pair may be a secret, and is not repeated.
        raise BadRequest("an argument is not of the form key=value", expected="host=localhost")
    return key.strip(), value.strip()
