"""Imports go one way through the packages: in the order that docs/design.md tells."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pipeline

ROOT = Path(pipeline.__file__).resolve().parent
DESIGN = (ROOT.parent / "docs" / "design.md").read_text(encoding="utf-8")
ORDER = re.findall(r"`(\w+)`", DESIGN.partition("Imports go one way:")[2].partition(".")[0])
STAND_IN = "sandbox"
"""Beside the order: it uses what is below connections, and is only started by others."""


def imports(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield which package each module of a package imports from, wherever in it."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline."):
                yield str(path.relative_to(ROOT)), str(node.module).split(".")[1]


def test_the_order_names_every_package():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(ORDER) == packages - {STAND_IN}


def test_no_package_imports_from_one_above_it():
    rank = {name: place for place, name in enumerate(ORDER)}
    upward = [
        (module, source)
        for name in ORDER
        for module, source in imports(ROOT / name)
        if source != STAND_IN and rank[source] > rank[name]
    ]
    assert not upward


def test_the_sandbox_knows_nothing_of_what_uses_it():
    below = {*ORDER[: ORDER.index("connections")], STAND_IN}
    assert {source for _, source in imports(ROOT / STAND_IN)} <= below
