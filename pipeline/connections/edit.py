"""Sections of connections in a file of settings: one appended, or one renamed, as text.

Belongs here: the text, and that nothing else of the file changes. Not here: whether a connection
makes sense (``named.py``).
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from luigi.configuration import LuigiConfigParser

from pipeline.connections.named import made, values_in
from pipeline.core.errors import BadRequest
from pipeline.core.files import discard, part_file, publish
from pipeline.core.profile import CONNECTION, profile_file

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def section_of(name: str, values: Mapping[str, str]) -> str:
    """Return the text of a connection's section; ``kind`` is among the values.

    Raises:
        BadRequest: a value cannot be, or would read otherwise than it was given; as ``made``.
    """
    check_name(name)
    lines = [f"{key} = {value.replace('%', '%%')}" for key, value in values.items()]
    text = "\n".join([f"[{CONNECTION}{name}]", *lines]) + "\n"
    if any("\n" in line or "\r" in line for line in lines):
        raise BadRequest("a value of more than one line", expected="key=value")
    parser = LuigiConfigParser()
    parser.read_string(text)
    made(name, values_in(parser, name))
    return text


def check_name(name: str) -> None:
    """Raise BadRequest where no connection can be named so."""
    if not NAME.fullmatch(name):
        raise BadRequest("no name of a connection", seen=repr(name),
                         expected="up to 64 letters, digits, and . _ - between")  # fmt: skip


def append(section: str) -> Path:
    """Append a section to the profile's file, which stays as it is above; return the file.

    Raises:
        BadRequest: it is there already.
        Terminal: the file cannot be written.
    """
    header = section.splitlines()[0]
    path = profile_file()

    def appended(text: str) -> str:
        if _header(header).search(text):
            raise BadRequest(f"{path.name} has a section {header} already")
        ended = text if not text or text.endswith("\n") else f"{text}\n"
        return f"{ended}\n{section}"

    _edit(path, appended)
    return path


def rename_in(path: Path, old: str, new: str) -> None:
    """Change the header of one section of a file, and nothing else. Safe to call again."""
    _edit(path, lambda text: _header(f"[{CONNECTION}{old}]").sub(f"[{CONNECTION}{new}]", text))


def _header(header: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(header)}", re.MULTILINE)


def _edit(path: Path, change: Callable[[str], str]) -> None:
    """Replace a file's text at once, one process at a time; its mode, and a link to it, stay."""
    with part_file(path := path.resolve()) as file:
        try:
            text = change(path.read_bytes().decode("utf-8"))
        except BadRequest:
            discard(path)
            raise
        file.truncate(0)
        file.write(text.encode("utf-8"))
        os.fchmod(file.fileno(), path.stat().st_mode)
        publish(file, path)
