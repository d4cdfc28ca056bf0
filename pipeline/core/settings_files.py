"""That Luigi's files of settings can be read, said in one line where they cannot.

Belongs here: what is wrong with such a file, and the end of a process that cannot read one. Not
here: which files there are, and what they say (``profile.py``).

Luigi reads its files as it is imported, before any of our code can speak. So this is the package's
first import: ``tlc`` ends with one line and not with a traceback, which would repeat the line of
the file and what may be secret in it. The command ``luigi`` imports Luigi before us.
"""

import configparser
import sys
import warnings
from typing import Final

from pipeline.core.errors import BadRequest

UNREADABLE: Final = (OSError, UnicodeDecodeError, configparser.Error)


def unreadable(file: object, error: Exception) -> BadRequest:
    """Return what is wrong with a file of settings; of its text nothing, which may be secret."""
    return BadRequest(f"settings {file} cannot be read", seen=_cause(error),
                      expected="[section] and lines of key = value, each once")  # fmt: skip


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    errors = getattr(error, "errors", None)
    line = errors[0][0] if errors else getattr(error, "lineno", None)
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}"


try:
    with warnings.catch_warnings():
        # That a file is missing, ``profile.py`` says.
        warnings.filterwarnings("ignore", "Config file does not exist")
        import luigi  # noqa: F401
except UNREADABLE as error:
    file = getattr(error, "source", "luigi.cfg, or the file that LUIGI_CONFIG_PATH names,")
    sys.stderr.write(f"ERROR {unreadable(file, error)}\n")
    sys.exit(30)
