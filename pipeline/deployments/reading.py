"""From a file to a deployment, or to one clear line about what is wrong with it.

Belongs here: names, the folder, YAML without its traps, and errors told. Not here: what the fields
accept (``deployment.py``).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from pipeline.core.errors import BadRequest
from pipeline.core.settings import PROJECT_ROOT
from pipeline.core.settings import deployments as settings
from pipeline.deployments.deployment import NAME, Deployment, Schedule

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_BYTES: Final = 16_384
DEEPEST: Final = 4
SHOWN: Final = 60
"""Characters of a wrong value that its error repeats."""


@dataclass(frozen=True)
class Deployed:
    """A deployment under its name; ``version`` is made of the file's content."""

    name: str
    version: str
    file: Path
    deployment: Deployment


class PlainLoader(yaml.SafeLoader):
    """YAML's safe loader, but every scalar is text: what it means, its field says.

    So ``2021-01-01`` is no date, ``12:30`` no number and ``no`` no truth value.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; of a key that is there twice, YAML would keep only the last value."""
        keys = [str(key.value) for key, _ in node.value]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.constructor.ConstructorError(
                problem=f"found the key {twice[:SHOWN]!r} twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def folder() -> Path:
    """Return the folder of the deployments' files."""
    return PROJECT_ROOT / Path(str(settings().folder)).expanduser()


def file_of(name: str) -> Path:
    """Return the file of a deployment, which need not exist; raise BadRequest for a bad name."""
    if not NAME.fullmatch(name):
        raise BadRequest(
            "bad name of a deployment",
            seen=repr(name[:SHOWN]),
            expected="a-z, 0-9 and - between them, 63 characters at most",
        )
    return folder() / f"{name}.yaml"


def names() -> list[str]:
    """Return the names of all deployments, sorted."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def read(name: str) -> Deployed:
    """Return the deployment of that name.

    Raises:
        BadRequest: there is none of that name, or its file is no deployment.
    """
    file = file_of(name)
    if not file.is_file():
        raise BadRequest(f"there is no deployment {name}", seen=f"no file {file}",
                         expected=nearest(name, names()))  # fmt: skip
    content = _content(file)
    version = hashlib.sha256(content).hexdigest()[:12]
    return Deployed(name, version, file, parse(content, file.name))


def parse(content: bytes, where: str) -> Deployment:
    """Return what a file says; ``where`` names it in errors. Raises BadRequest."""
    loaded = _load(content, where)
    if not isinstance(loaded, dict):
        raise BadRequest(f"{where} is no deployment", expected="lines of key: value")
    given = {key: value for key, value in loaded.items() if value is not None}
    try:
        return Deployment.model_validate(given)
    except ValidationError as error:
        raise _told(error.errors(include_url=False), where) from None


def nearest(word: str, known: list[str]) -> str:
    """Return the known word that is most like ``word``, or all of them."""
    return next(iter(get_close_matches(word, known, n=1)), " | ".join(known) or "none yet")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadRequest(f"{file} cannot be read", seen=error.strerror) from error
    if len(content) > MOST_BYTES:
        raise BadRequest(f"{file.name} is too large", expected=f"at most {MOST_BYTES:,} bytes")
    return content


def _load(content: bytes, where: str) -> Any:
    try:
        text = content.decode("utf-8")
        _refuse_tricks(text, where)
        return yaml.load(text, PlainLoader)
    except UnicodeDecodeError:
        raise BadRequest(f"{where} is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise BadRequest(f"{where} is no YAML", seen=_reason(error)) from None


def _refuse_tricks(text: str, where: str) -> None:
    """Raise BadRequest for what expands, is constructed, is doubled or nests without end.

    The parser's events are read one by one: nothing is built of a file that is refused.
    """
    depth = 0
    for event in yaml.parse(text, PlainLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadRequest(f"{where} has an anchor or alias", seen=line, expected="plain values")
        if getattr(event, "tag", None):
            raise BadRequest(f"{where} has a tag", seen=line, expected="plain values")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadRequest(f"{where} is nested too deep", seen=line)


def _reason(error: yaml.YAMLError) -> str:
    """Return what is wrong and where; not the line itself, which may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        return f"{error.problem}, {_line(error.problem_mark)}"
    return "a character that YAML does not allow"


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}" if mark else "no line"


def _told(errors: "list[ErrorDetails]", where: str) -> BadRequest:
    """Return the first error as one line, and how many more there are."""
    first, more = errors[0], len(errors) - 1
    path = [str(step) for step in first["loc"] if step != "[key]"]
    key, rest = ".".join(path), f" (and {more} more)" if more else ""
    if first["type"] == "extra_forbidden":
        return BadRequest(f"{where}: unknown key{rest}", seen=repr(key[:SHOWN]),
                          expected=nearest(path[-1], _keys(path[:-1])))  # fmt: skip
    if first["type"] == "missing":
        return BadRequest(f"{where}: {key} is missing{rest}")
    is_secret = path[:1] == ["environment"] or path[:1] == ["parameters"]
    seen = None if is_secret else repr(first["input"])[:SHOWN]
    return BadRequest(f"{where}: {key}{rest}", seen=seen,
                      expected=first["msg"].removeprefix("Value error, "))  # fmt: skip


def _keys(path: list[str]) -> list[str]:
    return [*(Schedule if path == ["schedule"] else Deployment).model_fields]


def all_deployed() -> Iterator[Deployed | BadRequest]:
    """Yield every deployment, or what is wrong with its file."""
    for name in names():
        try:
            yield read(name)
        except BadRequest as error:
            yield error
