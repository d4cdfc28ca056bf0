import luigi
import pytest

from pipeline.connections.kinds import BigQuery, Postgres, Sandbox
from pipeline.connections.named import made, named, names, used_by
from pipeline.core.errors import BadRequest
from pipeline.core.profile import load_profile

CANARY = "canary-5up3r-s3cret"


@pytest.fixture
def sections(monkeypatch):
    """Add sections to this process's settings: ``sections(mine={"kind": "postgres"})``."""
    config = luigi.configuration.get_config()
    added = []

    def add(**given):
        for name, values in given.items():
            section = f"connection:{name}"
            config.add_section(section)
            added.append(section)
            for key, value in values.items():
                config.set(section, key, value)

    yield add
    for section in added:
        config.remove_section(section)


def test_a_section_is_a_connection_of_its_kind(sections):
    sections(mine={"kind": "postgres", "host": "db.example.org", "port": "5433",
                   "password": "env:LOADER_PASSWORD", "timeout": "2.5"})  # fmt: skip
    assert named("mine") == Postgres(
        name="mine", host="db.example.org", port=5433, password="env:LOADER_PASSWORD", timeout=2.5
    )
    assert "mine" in names()


def test_the_sandbox_needs_no_section():
    assert named("sandbox") == Sandbox(name="sandbox")


def test_an_unknown_name_is_told_with_the_nearest(sections):
    sections(warehouse={"kind": "bigquery"})
    with pytest.raises(BadRequest, match="seen: warehuose; expected: warehouse; next: add"):
        named("warehuose")


@pytest.mark.parametrize(
    ("kind", "key", "value", "told"),
    [
        ("postgres", "password", CANARY, r"password is to be a reference.*env:NAME.*mode 600"),
        ("webhook", "url", f"https://hooks.example.org/{CANARY}", "url is to be a reference"),
        ("gcs", "credentials", f'{{"private_key": "{CANARY}"}}', "credentials is to be a ref"),
        ("postgres", "pasword", CANARY, "pasword is not known; expected: password"),
        ("postgres", "host", f"postgresql://u:{CANARY}@h/d", "host: is to be a name"),
        ("postgres", "db", f"postgresql://u:{CANARY}@h/d", "db: is to be a name"),
        ("postgres", "port", CANARY, "port: Input should be a valid integer"),
        ("postgres", "port", "65536", "port: .*less than or equal to 65535"),
        ("postgres", "sslmode", CANARY, "sslmode: Input should be 'disable', 'allow'"),
        ("postgres", "timeout", "-1", "timeout: .*greater than or equal to 0"),
        ("bigquery", "endpoint", f"http://u:{CANARY}@h", "endpoint: is to be an http address"),
        ("gcs", "endpoint", f"{CANARY}%", "endpoint cannot be read; seen: a variable"),
        ("gcs", "endpoint", "${NOBODY_SET_THIS}", "endpoint cannot be read; seen: a variable"),
        ("carrier-pigeon", "a", "b", "of no known kind; seen: carrier-pigeon; expected: apprise"),
    ],
)
def test_a_key_that_cannot_be_read_is_named_and_its_value_never_told(
    sections, kind, key, value, told
):
    sections(mine={"kind": kind})
    luigi.configuration.get_config()._sections["connection:mine"][key] = value
    with pytest.raises(BadRequest, match=told) as refused:
        named("mine")
    assert "connection:mine" in str(refused.value)
    assert CANARY not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_a_kind_needs_is_named():
    with pytest.raises(BadRequest, match=r"\[connection:chat\] url is missing; next: add a line"):
        made("chat", {"kind": "webhook"})


def test_a_section_of_settings_uses_connections_of_its_kinds_only(sections, monkeypatch):
    sections(elsewhere={"kind": "bigquery"})
    load_profile()
    monkeypatch.setitem(luigi.configuration.get_config()["bigquery"], "connection", "elsewhere")
    assert used_by("bigquery", BigQuery, Sandbox) == BigQuery(name="elsewhere")
    with pytest.raises(BadRequest, match=r"elsewhere is of another kind; seen: bigquery"):
        used_by("bigquery", Postgres, Sandbox)
