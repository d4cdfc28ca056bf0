"""A secret is told by reference and read at the moment of use.

Belongs here: reading what a reference refers to. Not here: what one looks like
(``core/references.py``), who uses it. No secret is kept, logged, or repeated in an error; nor is a
text that may be one.
"""

import os
from pathlib import Path
from typing import Final

from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.references import FORMS, MOVE_IT, is_reference
from pipeline.core.settings import PROJECT_ROOT


def resolve(reference: str, name: str) -> str:
    """Return the secret that ``reference`` refers to; ``name`` says in errors which one it is.

    Raises:
        BadRequest: the text is no reference; it may be the secret itself, and is not repeated.
        Terminal: there is nothing where it refers to.
    """
    if not is_reference(reference):
        raise BadRequest(
            f"{name} is to be a reference, not the secret itself",
            expected=FORMS,
            next_step=MOVE_IT,
        )
    kind, _, where = reference.partition(":")
    secret = READERS[kind](where)
    if not secret:
        raise Terminal(f"{name} refers to nothing", seen=reference, expected=FORMS)
    return secret


def _from_environment(variable: str) -> str | None:
    return os.environ.get(variable)


def _from_file(path: str) -> str | None:
    """Return the file's text; an editor ends it with a newline that is not the secret's."""
    try:
        text = (PROJECT_ROOT / Path(path).expanduser()).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Terminal(f"file:{path} cannot be read", seen=reason) from None
    return text.rstrip("\r\n")


def _from_keyring(where: str) -> str | None:
    service, _, user = where.partition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise Terminal(
            f"keyring:{where} cannot be read",
            seen="no package keyring",
            next_step="pip install keyring",
        ) from None
    try:
        secret: str | None = keyring.get_password(service, user)
    except KeyringError as error:
        raise Terminal(f"keyring:{where} cannot be read", seen=type(error).__name__) from None
    return secret


READERS: Final = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}
