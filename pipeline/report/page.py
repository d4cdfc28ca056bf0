"""The page: filled, and written whole or not at all.

Belongs here: the template's environment and the file. Not here: what stands on the page
(``views.py``, ``page.html.j2``).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.core.errors import BadRequest, Terminal
from pipeline.core.files import write_atomically
from pipeline.report.views import view

if TYPE_CHECKING:
    from pipeline.report.gather import Facts

TEMPLATE: Final = Path(__file__).with_name("page.html.j2")


def page(facts: "Facts") -> str:
    """Return the page: HTML that asks nothing of the network and holds no script.

    Whatever the facts hold, remarks and messages of others too, is text on it and no markup.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(view(facts))


def write(path: Path, text: str) -> Path:
    """Make ``path`` the page, whole or not at all, and return where it is. Safe to call again.

    Raises:
        BadRequest: there is something there that is no file.
        Terminal: it cannot be written.
    """
    place = path.expanduser().resolve()
    if place.exists() and not place.is_file():
        raise BadRequest(f"cannot write {place}", seen="no file", expected="a file's name",
                         next_step="name another one with --output")  # fmt: skip
    try:
        write_atomically(place, text.encode("utf-8", "replace"))
    except Terminal as error:
        why = getattr(error.__cause__, "strerror", None)
        raise Terminal(f"cannot write {place}", seen=why, expected="a writable folder with room",
                       next_step="name another one with --output") from error  # fmt: skip
    return place
