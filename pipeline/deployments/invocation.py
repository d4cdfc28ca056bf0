"""What cron or systemd is to start: the program, where, and with which settings.

Belongs here: what both have in common. Not here: how either quotes it.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

from pipeline.core.errors import BadRequest
from pipeline.core.settings import PROJECT_ROOT

CARRIED: Final = ("PIPELINE_PROFILE", "LUIGI_CONFIG_PATH")
"""What chooses the settings: a scheduled run has those under which it was scheduled."""


def carried() -> dict[str, str]:
    """Return the variables that choose this process's settings; paths are made absolute."""
    chosen = {name: value for name in CARRIED if (value := os.environ.get(name))}
    if path := chosen.get("LUIGI_CONFIG_PATH"):
        chosen["LUIGI_CONFIG_PATH"] = str(Path(path).absolute())
    return chosen


@dataclass(frozen=True)
class Invocation:
    """``tlc run NAME --scheduled``, in the checkout. Raises BadRequest for a path of two lines."""

    name: str
    is_checked: bool = False
    """Whether the run itself looks if it is due."""
    root: Path = PROJECT_ROOT
    program: Path = field(default_factory=lambda: Path(sys.executable).with_name("tlc"))
    environment: dict[str, str] = field(default_factory=carried)

    def __post_init__(self) -> None:
        for text in (str(self.root), str(self.program), *self.environment.values()):
            if not text.isprintable():
                raise BadRequest("a path cannot be scheduled", seen=repr(text),
                                 expected="one line of printable text")  # fmt: skip

    @property
    def words(self) -> list[str]:
        """The command."""
        checked = ["--if-due"] if self.is_checked else []
        return [str(self.program), "run", self.name, "--scheduled", *checked]


def template(path: str) -> Template:
    """Return a template below ``config/``."""
    return Template((PROJECT_ROOT / "config" / path).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Installed:
    """What a scheduler holds of a deployment."""

    version: str
    is_paused: bool
