"""Secrets that are easy to find again, planted wherever the settings may have one; and the search.

with Watch() as watch:
    ...                                     # whatever may tell a secret
found_in(watch.command_lines, canaries)     # == []
"""

import json
import textwrap
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil
from support.google_front import GoogleFront
from support.mail_server import HOST
from support.postgres import PostgresUnderTest
from support.workspace import free_port

KEYRING = """
import json
from pathlib import Path

from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return json.loads(Path(__file__).with_name("keyring.json").read_text())[service]

    def set_password(self, service, username, password):
        raise NotImplementedError
"""


class Canaries:
    """One secret of each kind, where its reference leads, and the settings that refer to it.

    ``environment`` is that of the processes; ``texts`` are what must be nowhere else, by kind.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = {
            name: f"canary-{name}-5up3r"
            for name in (
                "right",
                "wrong",
                "libpq",
                "literal",
                "address",
                "mail",
                "hook",
                "token",
                "phone",
                "bearer",
            )
        }
        (folder / "keyring.json").write_text(json.dumps({"tlc": self.texts["right"]}))
        (folder / "canary_keyring.py").write_text(textwrap.dedent(KEYRING))
        self.environment = {
            "WRONG": self.texts["wrong"],
            "PGPASSWORD": self.texts["libpq"],
            "MAIL_PASSWORD": self.texts["mail"],
            "PHONE": "json://agent:{phone}@{place}/{bearer}?-key={phone}".format(
                place=f"{HOST}:{free_port()}", **self.texts
            ),
            "PYTHON_KEYRING_BACKEND": "canary_keyring.Keyring",
            "PYTHONPATH": str(folder),
        }

    def google(self, front: GoogleFront) -> dict[str, Any]:
        """The keys of a connection to Google; a line of its private key is a canary, too."""
        path, _ = front.key(self.folder)
        self.texts["key"] = json.loads(path.read_text())["private_key"].splitlines()[5]
        return {"endpoint": front.url, "credentials": f"file:{path}", "timeout": 30}

    @property
    def literal(self) -> dict[str, Any]:
        """The keys of a connection that has a secret where a reference is to be."""
        return {"kind": "postgres", "password": self.texts["literal"]}

    def connections(
        self, front: GoogleFront, postgres: PostgresUnderTest, user: str, mail_port: int
    ) -> dict[str, dict[str, Any]]:
        """The sections of settings, by name of the connection."""
        hook = self.folder / "hook"
        hook.write_text(f"{front.url}/{self.texts['hook']}")
        google = self.google(front)
        at = {k: getattr(postgres.database, k) for k in ("host", "port", "db", "sslmode")}
        server = {"kind": "postgres", **at, "user": user}
        told = {
            "storage": {"kind": "gcs", **google},
            "warehouse": {"kind": "bigquery", **google},
            "right": {**server, "password": "keyring:tlc/loader"},
            "wrong": {**server, "password": "env:WRONG"},
            "libpq": server,
            "address": {**server, "host": f"postgresql://u:{self.texts['address']}@h/d"},
            "mail": {"kind": "smtp", "host": HOST, "port": mail_port, "user": "loader",
                     "password": "env:MAIL_PASSWORD", "sender": "a@example.org",
                     "recipients": "b@example.org"},
            "hook": {"kind": "webhook", "url": f"file:{hook}"},
            "phone": {"kind": "apprise", "url": "env:PHONE"},
        }  # fmt: skip
        return {f"connection:{name}": keys for name, keys in told.items()}


def found_in(texts: Mapping[str, str | bytes], canaries: Canaries) -> list[str]:
    """Return which canary is where; nothing where none is anywhere."""
    return [
        f"{kind} in {where}"
        for where, text in texts.items()
        for kind, canary in canaries.texts.items()
        if canary.encode() in (text.encode() if isinstance(text, str) else text)
    ]


def files_below(folders: Iterable[Path]) -> dict[str, bytes]:
    """What all files hold."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


class Watch:
    """Sees the command line of every process that there is, again and again, while it lasts."""

    def __init__(self) -> None:
        self.command_lines: dict[str, str] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.1):
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or [])
                self.command_lines[line] = line
