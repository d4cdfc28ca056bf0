"""The page that is made of the settings and connections says what they say, and that is enough."""

import runpy
from pathlib import Path

import pytest

import pipeline
from pipeline.connections.kinds import KINDS, Connection
from pipeline.connections.named import made
from pipeline.core.errors import BadRequest
from pipeline.core.references import SECRETS
from pipeline.core.settings import Section

DOCS = Path(pipeline.__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "settings.md"
GIVEN = {"host": "h", "sender": "a@h", "recipients": "b@h", "url": "env:URL"}


def test_the_page_says_what_the_settings_say() -> None:
    """Where it does not: ``make docs``."""
    assert PAGE.read_text(encoding="utf-8") == runpy.run_path(str(DOCS / "settings.py"))["page"]()


@pytest.mark.parametrize("section", Section.__subclasses__(), ids=lambda section: section.__name__)
def test_every_setting_says_what_it_means(section: type[Section]) -> None:
    assert section.__doc__
    params = section.get_params()  # type: ignore[no-untyped-call]
    assert not [name for name, parameter in params if not parameter.description]


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_connection_says_what_it_means(kind: str) -> None:
    keys = KINDS[kind].model_fields.items()
    assert not [key for key, it in keys if key not in ("name", "kind") and not it.description]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_key_is_told_to_be_secret_where_the_secret_itself_is_refused(
    kind: type[Connection],
) -> None:
    name = kind.model_fields["kind"].default
    known = {key: GIVEN[key] for key in kind.model_fields if key in GIVEN}
    refused = {key for key in kind.model_fields if _refuses(name, {**known, key: "hunter2"})}
    assert refused == SECRETS & {*kind.model_fields}


def _refuses(kind: str, values: dict[str, str]) -> bool:
    try:
        made("mine", {**values, "kind": kind, "name": "mine"})
    except BadRequest as error:
        return "is to be a reference" in str(error)
    return False
