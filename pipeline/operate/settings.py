"""``tlc settings``: what holds, and where it was said.

Belongs here: the effective value of every setting of ours, of every connection, and of what the
files say to Luigi. Not here: what a setting means (``docs/settings.md``).

A secret is never shown: of a connection only references are, and of Luigi's own settings none that
is named like one. A variable is shown as what it stands for, and the line that names it is told.
"""

import os
import re
from collections.abc import Iterator
from configparser import InterpolationError
from typing import Final

import click
import luigi

from pipeline.core.errors import BadRequest
from pipeline.core.profile import CONNECTION, files_read, names_in, origin
from pipeline.core.settings import Section
from pipeline.operate.output import show

Row = tuple[str, str, str | None, str]
"""Section, key, value and where it was said."""

DEFAULT: Final = "default"
HIDDEN: Final = "(not shown)"
SECRET: Final = re.compile(r"password|passwd|secret|token|api_?key|credential", re.IGNORECASE)
IN_ADDRESS: Final = re.compile(r"(://[^/\s@]*:)[^/\s@]+@")
"""The password in an address."""


@click.command()
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
def settings(form: str) -> None:
    """Show the effective value of every setting, and where it was said.

    The place is default, a file with its line, or a variable of the environment.

    \b
    Example: tlc settings --format json
    """
    rows = [*_ours(), *_connections(), *_luigis()]
    show(("section", "key", "value", "from"), rows, form, folded="value")


def _ours() -> Iterator[Row]:
    for section in Section.__subclasses__():
        for key, parameter in section.get_params():  # type: ignore[no-untyped-call]
            default = parameter.serialize(parameter._default)
            yield _row(section.__name__, key, default)


def _row(section: str, key: str, default: str) -> Row:
    if (section, key) == ("source", "base_url") and (given := os.environ.get("TLC_BASE_URL")):
        return section, key, _masked(given), "environment TLC_BASE_URL"
    value = _said(section, key)
    if value is None:
        return section, key, default, DEFAULT
    return section, key, _masked(value), _place(section, key)


def _connections() -> Iterator[Row]:
    from pipeline.connections.named import named, names

    for name in names():
        section = CONNECTION + name
        try:
            values = named(name).model_dump(exclude={"name"})
        except BadRequest as error:
            yield section, "", str(error), _place(section)
            continue
        for key, value in values.items():
            yield section, key, None if value is None else str(value), _place(section, key)


def _luigis() -> Iterator[Row]:
    """Yield what the files say in sections of others, as it is written there."""
    ours = {section.__name__ for section in Section.__subclasses__()}
    said = {(s, key) for path in files_read() for s, keys in names_in(path).items() for key in keys}
    for section, key in sorted(said):
        if section not in ours and not section.startswith(CONNECTION):
            raw = luigi.configuration.get_config().get(section, key, None, raw=True)
            value = HIDDEN if SECRET.search(key) else _masked(str(raw))
            yield section, key, value, _place(section, key)


def _said(section: str, key: str) -> str | None:
    """Return the value that the files give, variables replaced; None where they give none."""
    try:
        value: str | None = luigi.configuration.get_config().get(section, key, None)
    except InterpolationError:
        return "(cannot be read: a variable ${...} that is not set, or a single %)"
    return value


def _place(section: str, key: str | None = None) -> str:
    place = origin(section, key)
    if place is None:
        return DEFAULT
    raw = luigi.configuration.get_config().get(section, key, "", raw=True) if key else ""
    variables = re.findall(r"\$\{[^}]+\}", str(raw))
    return " ".join([place, *variables])


def _masked(value: str) -> str:
    return IN_ADDRESS.sub(r"\1***@", value)
