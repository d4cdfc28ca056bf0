"""What tests on a real PostgreSQL share: a schema of a test's own, in this process's settings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import luigi
import pytest
from support.loaded_world import World
from support.postgres import PostgresUnderTest
from support.postgres_place import Place, placed
from support.sandbox import RunningSandbox


@pytest.fixture
def setting() -> Iterator[Callable[..., None]]:
    """Change settings: ``setting("postgres", lock_timeout=1)``."""
    config = luigi.configuration.get_config()
    added: list[str] = []

    with pytest.MonkeyPatch.context() as patch:

        def change(section: str, **values: str) -> None:
            if not config.has_section(section):
                config.add_section(section)
                added.append(section)
            for name, value in values.items():
                patch.setitem(config[section], name, value)

        yield change
    for section in added:
        config.remove_section(section)


@pytest.fixture
def place(
    postgres: PostgresUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """An empty schema, in the settings of this process."""
    with placed(postgres, tmp_path / "data", monkeypatch) as made:
        yield made


@pytest.fixture
def own_place(
    own_postgres: PostgresUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The same on a server that a test may kill."""
    with placed(own_postgres, tmp_path / "data", monkeypatch) as made:
        yield made


@pytest.fixture(scope="session")
def world(
    tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox, postgres: PostgresUnderTest
) -> Iterator[World]:
    """Three months that are everywhere. Who changes it leaves it as it was."""
    made = World(tmp_path_factory.mktemp("world"), sandbox, postgres)
    made.load_all()
    yield made
    made.close()
