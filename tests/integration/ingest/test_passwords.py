"""``tlc ingest`` as a role with a password: each way to tell it works, and a wrong one is told."""

from dataclasses import replace

import keyring
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend

from pipeline.core.errors import Terminal
from pipeline.operate.ingest import ingest

CANARY = "canary: 5up3r s3cret"


class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return CANARY if (service, username) == ("tlc", "loader") else None

    def set_password(self, service, username, password):
        raise NotImplementedError


@pytest.fixture
def role(place, monkeypatch, tmp_path, caplog):
    """A role that may load, no password told anywhere, and ``tlc ingest``'s settings as before."""
    for name in ("HOME", "PGPASSFILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    caplog.set_level("WARNING", "pipeline")  # and is put back: the command asks for more
    caplog.handler.setLevel("INFO")
    with place.server.role(CANARY) as made:
        place.query(f"GRANT CREATE, USAGE ON SCHEMA {{s}} TO {made.user}")
        yield made


@pytest.fixture
def load(place, role, setting, tmp_path):
    """Load a file by a connection with that password, or none; return what the command printed."""
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "two.parquet")

    def run(password=None):
        told = {k: str(v) for k, v in vars(replace(role, password=password)).items() if v}
        setting("connection:mine", kind="postgres", **told)
        words = ["--url", str(tmp_path / "two.parquet"), "--table-name", "two"]
        return CliRunner().invoke(ingest, [*words, "--connection", "mine"], catch_exceptions=False)

    return run


def by_variable(monkeypatch, folder):
    monkeypatch.setenv("PGPASSWORD", CANARY)


def by_pgpass(monkeypatch, folder):
    monkeypatch.setenv("PGPASSFILE", str(folder / ".pgpass"))
    (folder / ".pgpass").touch(mode=0o600)
    (folder / ".pgpass").write_text(f"*:*:*:*:{CANARY.replace(':', chr(92) + ':')}\n")


def by_reference_to_a_variable(monkeypatch, folder):
    monkeypatch.setenv("SECRET", CANARY)
    return "env:SECRET"


def by_reference_to_a_file(monkeypatch, folder):
    (folder / "secret").write_text(f"{CANARY}\n")
    return f"file:{folder / 'secret'}"


def by_reference_to_a_keyring(monkeypatch, folder):
    before = keyring.get_keyring()
    monkeypatch.setattr("keyring.core._keyring_backend", before)
    keyring.set_keyring(Keyring())
    return "keyring:tlc/loader"


WAYS = [
    by_variable, by_pgpass, by_reference_to_a_variable, by_reference_to_a_file,
    by_reference_to_a_keyring,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_password_is_read_from_where_it_is(place, load, monkeypatch, tmp_path, caplog, way):
    done = load(way(monkeypatch, tmp_path))
    assert done.output.endswith("two.parquet is in two\n")
    assert CANARY not in done.output + caplog.text
    assert place.query("SELECT n FROM {s}.two ORDER BY n") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (None, "no password supplied"),
        ("env:SECRET", "authentication failed"),
        ("file:/no/such/file", "file:/no/such/file cannot be read"),
        ("env:UNSET", "refers to nothing; seen: env:UNSET"),
    ],
)
def test_a_password_that_is_wrong_or_nowhere_is_told_and_loads_nothing(
    place, load, monkeypatch, password, words
):
    monkeypatch.setenv("SECRET", "wrong-canary")
    with pytest.raises(Terminal, match=words) as refused:
        load(password)
    assert "canary" not in str(refused.value)
    assert place.tables() == set()
