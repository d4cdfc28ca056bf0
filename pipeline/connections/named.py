"""Connections by their name: what ``[connection:NAME]`` says, as one of the kinds.

Belongs here: reading a section, and which connection a section of settings uses. Not here: what a
kind is made of (``kinds.py``), connecting.

The name ``sandbox`` is always there. No error repeats a value that may be a secret.
"""

from collections.abc import Mapping
from configparser import ConfigParser, InterpolationError
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

import luigi

from pipeline.core import settings
from pipeline.core.errors import BadRequest
from pipeline.core.profile import CONNECTION
from pipeline.core.references import FORMS, MOVE_IT

if TYPE_CHECKING:
    from pydantic import ValidationError

    from pipeline.connections.kinds import Connection

USERS: Final = ("lake", "bigquery", "postgres")
"""The sections of settings that use a connection."""

One = TypeVar("One", bound="Connection")
Other = TypeVar("Other", bound="Connection")


def names() -> list[str]:
    """Return the names of all connections, the sandbox's among them."""
    sections = luigi.configuration.get_config().sections()
    given = {name.removeprefix(CONNECTION) for name in sections if name.startswith(CONNECTION)}
    return sorted(given | {settings.SANDBOX})


def named(name: str) -> "Connection":
    """Return the connection of that name.

    Raises:
        BadRequest: there is none, or its section cannot be read; the error names the key, and
            never tells its value.
    """
    if name not in names():
        near = get_close_matches(name, names(), 1)
        raise BadRequest(
            "no connection of that name",
            seen=name,
            expected=near[0] if near else " | ".join(names()),
            next_step=f"add a section [{CONNECTION}{name}] to the settings, or correct the name",
        )
    return made(name, values_in(luigi.configuration.get_config(), name))


def made(name: str, values: Mapping[str, Any]) -> "Connection":
    """Return a connection of these values, ``kind`` among them.

    Raises:
        BadRequest: as ``named``.
    """
    from pydantic import ValidationError

    from pipeline.connections.kinds import KINDS

    told = dict(values)
    kind = told.get("kind", settings.SANDBOX if name == settings.SANDBOX else "")
    if kind not in KINDS:
        raise BadRequest(f"[{CONNECTION}{name}] is of no known kind", seen=kind or "nothing",
                         expected=" | ".join(KINDS), next_step="set kind")  # fmt: skip
    if bad := [key for key, value in told.items() if not settings.is_text(value)]:
        raise BadRequest(f"[{CONNECTION}{name}] {bad[0]} holds what is no text")
    try:
        return KINDS[kind].model_validate({**told, "name": name})
    except ValidationError as error:
        raise _refusal(name, KINDS[kind], error) from None


def used_by(section: str, one: type[One], other: type[Other]) -> One | Other:
    """Return the connection that a section of settings uses, which is to be of one of two kinds.

    Raises:
        BadRequest: it is of another, or as ``named``.
    """
    name = name_used_by(section)
    found = named(name)
    if not isinstance(found, (one, other)):
        known = " | ".join(kind.model_fields["kind"].default for kind in (one, other))
        raise BadRequest(f"[{section}] connection = {name} is of another kind",
                         seen=found.model_dump()["kind"], expected=known,
                         next_step=f"name another in [{section}] connection: "
                                   "tlc connections list")  # fmt: skip
    return found


def name_used_by(section: str) -> str:
    """Return the name of the connection that a section of settings uses."""
    return str(getattr(settings, section)().connection)


def users_of(name: str) -> list[str]:
    """Return the sections of settings that name the connection, as ``[lake]``."""
    config = luigi.configuration.get_config()
    named_in = {user: config.get(user, "connection", settings.SANDBOX) for user in USERS}
    return [f"[{user}]" for user, used in named_in.items() if used == name]


def values_in(config: ConfigParser, name: str) -> dict[str, str]:
    """Return what a connection's section says, variables replaced; nothing where there is none.

    Raises:
        BadRequest: a variable is not set.
    """
    section = CONNECTION + name
    if not config.has_section(section):
        return {}
    try:
        return dict(config.items(section))
    except InterpolationError as error:
        # Its message repeats the value.
        raise BadRequest(f"[{section}] {error.option} cannot be read",
                         seen="a variable ${…} that is not set, or a single %",
                         next_step="export the variable, or write %%") from None  # fmt: skip


def _refusal(name: str, kind: "type[Connection]", error: "ValidationError") -> BadRequest:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    key = str(first["loc"][0])
    where = f"[{CONNECTION}{name}] {key}"
    if first["type"] == "extra_forbidden":
        known = [field for field in kind.model_fields if field != "name"]
        near = get_close_matches(key, known, 1)
        return BadRequest(f"{where} is not known", expected=near[0] if near else " | ".join(known),
                          next_step="correct the key, or remove the line")  # fmt: skip
    if first["type"] == "missing":
        return BadRequest(f"{where} is missing", next_step=f"add a line {key} = … to the section")
    told = first["msg"].removeprefix("Value error, ")
    if "reference" in told:
        return BadRequest(f"{where} {told}", expected=FORMS, next_step=MOVE_IT)
    return BadRequest(f"{where}: {told}", next_step="correct the value")
