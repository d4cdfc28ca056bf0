from pathlib import Path

import pytest

from pipeline.connections.secrets import resolve
from pipeline.core.errors import BadRequest, Terminal

CANARY = "canary-5up3r"


def test_a_reference_is_read_where_it_refers_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(f"{CANARY}\n")
    monkeypatch.setenv("A_SECRET", CANARY)
    assert resolve("env:A_SECRET", "the password") == CANARY
    assert resolve(f"file:{tmp_path}/secret", "the password") == CANARY


@pytest.mark.parametrize("text", [CANARY, f"pass:{CANARY}", "env:", f"://{CANARY}"])
def test_a_text_that_may_be_the_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadRequest, match="the password is to be a reference") as refused:
        resolve(text, "the password")
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:NOBODY_SET_THIS", "the password refers to nothing; seen: env:NOBODY_SET_THIS"),
        ("file:/nowhere/at/all", "file:/nowhere/at/all cannot be read; seen: No such file"),
        ("file:/", "file:/ cannot be read; seen: Is a directory"),
        ("file:a\0b", "cannot be read"),
        ("keyring:tlc/nobody", "keyring:tlc/nobody cannot be read; seen: no package keyring"),
    ],
)
def test_a_reference_to_nothing_is_one_line(
    reference: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(Terminal, match=told):
        resolve(reference, "the password")


def test_a_file_that_is_no_text_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe" + CANARY.encode())
    with pytest.raises(Terminal, match="it is not text") as refused:
        resolve(f"file:{tmp_path}/secret", "the password")
    assert CANARY not in str(refused.value)


def test_a_keyring_is_asked_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyring:
        __path__: list[str] = []

        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            return CANARY if (service, user) == ("tlc", "loader") else None

    class Errors:
        KeyringError = OSError

    modules = __import__("sys").modules
    monkeypatch.setitem(modules, "keyring", Keyring)
    monkeypatch.setitem(modules, "keyring.errors", Errors)
    assert resolve("keyring:tlc/loader", "the password") == CANARY
    with pytest.raises(Terminal, match="refers to nothing"):
        resolve("keyring:tlc/nobody", "the password")
