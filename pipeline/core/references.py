"""References to secrets: what stands in a file in place of a secret.

Belongs here: what a reference looks like, and which keys of a connection must be one. Not here:
reading what it refers to (``connections/secrets.py``).
"""

from typing import Final

SCHEMES: Final = ("env", "file", "keyring")
FORMS: Final = "env:NAME, file:PATH or keyring:SERVICE/USER"
MOVE_IT: Final = "put it in a file of mode 600 and write file:PATH, or export it and write env:NAME"
SECRETS: Final = frozenset({"credentials", "password", "url"})
"""The keys of a connection that hold a reference to a secret."""


def is_reference(text: str) -> bool:
    """Return whether the text refers to a secret; any other may be the secret itself."""
    scheme, _, where = text.partition(":")
    return scheme in SCHEMES and bool(where)
