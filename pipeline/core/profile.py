"""Which files of settings are read, in which order, and which names they may hold.

Belongs here: the profile, and refusing a section or key that nothing reads. Not here: what the
settings are (``settings.py``), and what a ``[connection:NAME]`` may say (``connections/``).

A file below ``/etc`` is the machine's, for every Luigi project on it, and may name what it likes.
"""

import configparser
import os
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

import luigi
from luigi.configuration import LuigiConfigParser, add_config_path
from luigi.task_register import Register

from pipeline.core.errors import BadRequest
from pipeline.core.references import FORMS, MOVE_IT, SECRETS, is_reference
from pipeline.core.settings import PROJECT_ROOT, SANDBOX
from pipeline.core.settings_files import UNREADABLE, unreadable

CONNECTION: Final = "connection:"
"""How the section of a connection begins."""

OTHERS: Final = frozenset([
    "DEFAULT", "OpenPai", "batch-notifier", "cors", "datadog", "elasticsearch", "hadoop",
    "hadoopcli", "hdfs", "hive", "kubernetes", "mssql", "mysql", "pig", "presto", "prometheus",
    "pyspark_runner", "redis", "redshift", "resources", "retcode", "s3", "salesforce",
    "scalding", "sendgrid", "spark", "sqlalchemy", "task_history", "upstream", "webhdfs"
])  # fmt: skip
"""Sections of Luigi's that are known to nobody before their module is imported: any key."""

OTHER_KEYS: Final = {
    "core": [
        "autoload_range",
        "no_configure_logging",
        "rpc_connect_timeout",
        "rpc_log_retries",
        "rpc_retry_attempts",
        "rpc_retry_wait",
    ]
}
"""Keys that Luigi reads though no class of its declares them."""


@cache
def load_profile() -> None:
    """Read ``config/<PIPELINE_PROFILE>.cfg`` over ``luigi.cfg`` and under ``LUIGI_CONFIG_PATH``.

    Does nothing when called again.

    Raises:
        BadRequest: the profile or ``LUIGI_CONFIG_PATH`` has no file, or a file that cannot be
            read, names what nothing reads, or holds a secret itself; said with file and line, and
            never with a value.
    """
    paths = [profile_file()]
    if overriding := os.environ.get("LUIGI_CONFIG_PATH"):
        paths.append(Path(overriding))
    for path in [*files_read(), *paths]:
        _refuse_secrets(path)
        if not path.is_absolute() or not path.is_relative_to("/etc"):
            _refuse_unknown_names(path)
    for path in paths:
        add_config_path(str(path))


def profile_file() -> Path:
    """Return the file of the profile that ``PIPELINE_PROFILE`` names; raise BadRequest if none."""
    name = os.environ.get("PIPELINE_PROFILE") or SANDBOX
    files = {path.stem: path for path in (PROJECT_ROOT / "config").glob("*.cfg")}
    files.pop("logging", None)
    if name not in files:
        raise BadRequest("unknown PIPELINE_PROFILE", seen=name, expected=" | ".join(sorted(files)))
    return files[name]


def files_read() -> list[Path]:
    """Return the files that are read, those that are there; what a later one says, holds."""
    read = dict.fromkeys(Path(path) for path in reversed(LuigiConfigParser._config_paths))
    return [path for path in reversed(read) if path.is_file()]


def origin(section: str, key: str | None = None) -> str | None:
    """Return where a section, or its key, was said last, ``config/gcp.cfg:12``; None if nowhere."""
    for path in reversed(files_read()):
        names = names_in(path).get(section)
        if names is not None and (key is None or key in names):
            return place(path, section, key)
    return None


def place(path: Path, section: str, key: str | None = None) -> str:
    """Return the line of a section's header, or of its key, as ``config/gcp.cfg:12``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    header = re.compile(rf"\s*\[{re.escape(section)}\]")
    number = next(n for n, line in enumerate(lines, 1) if header.match(line))
    if key is not None:
        pair = re.compile(rf"\s*{re.escape(key)}\s*[=:]")
        number += next(n for n, line in enumerate(lines[number:], 1) if pair.match(line))
    return f"{shown(path)}:{number}"


def shown(path: Path) -> str:
    """Return a file's path as messages have it: from the checkout on, where it is there."""
    full = path.resolve()
    return str(full.relative_to(PROJECT_ROOT) if full.is_relative_to(PROJECT_ROOT) else full)


def names_in(path: Path) -> dict[str, list[str]]:
    """Return the keys of each section of a file; raise BadRequest where it cannot be read."""
    parser = _parsed(path)
    return {section: parser.options(section) for section in parser.sections()}


def _parsed(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(default_section="", allow_no_value=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except UNREADABLE as error:
        raise unreadable(path, error) from None
    return parser


def _refuse_secrets(path: Path) -> None:
    """Raise BadRequest where a connection, used or not, has a secret in place of a reference."""
    parser = _parsed(path)
    for section in (name for name in parser.sections() if name.startswith(CONNECTION)):
        for key in SECRETS.intersection(parser.options(section)):
            text = parser.get(section, key)
            # What a variable stands for is judged where it is used.
            if not (is_reference(text) or "${" in text):
                raise BadRequest(
                    f"{place(path, section, key)}: [{section}] {key} is to be a reference, not "
                    "the secret itself",
                    expected=FORMS,
                    next_step=MOVE_IT,
                )


def _refuse_unknown_names(path: Path) -> None:
    families = Register._get_reg()
    for section, keys in names_in(path).items():
        if section.startswith(CONNECTION) or section in OTHERS:
            continue
        if section not in families:
            raise _unknown(path, section, None, {*families, *OTHERS, f"{CONNECTION}NAME"})
        family = families[section]
        for key in keys:
            name = key.replace("-", "_")
            if not _has(family, name) and name not in _undeclared_keys(section):
                raise _unknown(path, section, key, [name for name, _ in family.get_params()])


def _has(family: type[luigi.Task], name: str) -> bool:
    return isinstance(getattr(family, name, None), luigi.Parameter)


def _undeclared_keys(section: str) -> Iterator[str]:
    """Yield what Luigi reads in a section though its class does not declare it there."""
    yield from OTHER_KEYS.get(section, ())
    for name in Register.task_names():
        for _, parameter in Register.get_task_cls(name).get_params():
            # Where it stood in older versions.
            if (old := parameter._config_path or {}).get("section") == section:
                yield old["name"].replace("-", "_")


def _unknown(path: Path, section: str, key: str | None, known: Iterable[str]) -> BadRequest:
    near = get_close_matches(key or section, [*known], 1, cutoff=0.5)
    what = f"[{section}] {key} is no setting" if key else f"no section is named [{section}]"
    nearest = near[0] if near else None
    return BadRequest(f"{place(path, section, key)}: {what}", expected=nearest,
                      next_step="correct the name, or remove it")  # fmt: skip
