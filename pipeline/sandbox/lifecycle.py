"""When the sandbox's process starts and stops: first need, ``tlc sandbox stop``, ``reset``.

Belongs here: finding, starting, stopping and wiping the process. Not here: what it serves.

A running sandbox holds the lock ``<root>/lock``, and a lock on the ``server.json`` that it wrote.
The operating system frees both however the process ends; so asking costs no request and a stale
``server.json`` deceives nobody.
"""

import fcntl
import http.client
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, TextIO

from pipeline.core.errors import Terminal, Transient
from pipeline.core.files import explained
from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.core.settings import data_dir, sandbox
from pipeline.sandbox.postgres import lifecycle as postgres
from pipeline.sandbox.postgres.database import ensure_database

logger = logging.getLogger(__name__)

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
ADDRESS: Final = "server.json"
ALREADY_RUNNING: Final = 3
PORT_TAKEN: Final = 4
"""Exit codes by which the server process tells why it could not start."""


@dataclass(frozen=True)
class SandboxServer:
    """A running sandbox, and the version of the program that it runs; the first told none."""

    pid: int
    port: int
    url: str
    version: str = "unknown"


def sandbox_root() -> Path:
    """Return the folder in which the configured sandbox keeps everything."""
    return data_dir() / "sandbox"


def postgres_home(root: Path | None = None) -> Path:
    """Return the folder in which the sandbox of ``root`` keeps its PostgreSQL."""
    return (root or sandbox_root()) / "postgres"


def ensure_postgres(database: str) -> postgres.PostgresServer:
    """Return the configured sandbox's PostgreSQL, started if need be, with that ``database``."""
    server = postgres.ensure_running(postgres_home(), sandbox().postgres_port)
    ensure_database(server, database)
    return server


def find(root: Path) -> SandboxServer | None:
    """Return the sandbox that serves ``root``, or None where none is running."""
    try:
        with (root / ADDRESS).open(encoding="utf-8") as told:
            return _read(told) if _is_locked(told) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def ensure_running() -> SandboxServer:
    """Return the configured sandbox, started if it is not running.

    One that another version of the program left is replaced; what it holds stays. Commands that
    ask at the same time get the same one.

    Raises:
        Terminal: its port is taken, or its process ends at once.
        Transient: it does not come up in time, or that of another version does not stop.
    """
    root, process = sandbox_root(), None
    _end_another_version(root)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = find(root)
        if server is not None:
            _end_needless(process, server)
            return server
        if process is None or process.poll() is not None:
            _refuse_failed(process, root)
            process = _spawn(root)
        time.sleep(POLL_SECONDS)
    raise Transient(
        "the sandbox does not come up",
        seen=f"nothing within {START_SECONDS:.0f} s",
        next_step=f"read {root / 'server.log'}",
    )


def stop(root: Path) -> SandboxServer | None:
    """Stop the sandbox of ``root``, its PostgreSQL too; return what was stopped, or None."""
    postgres.stop(postgres_home(root))
    server = find(root)
    if server is None:
        return None
    _end(server, root)
    return server


def reset(root: Path) -> None:
    """Stop the sandbox of ``root`` and delete everything that it holds."""
    stop(root)
    shutil.rmtree(root, ignore_errors=True)


def _end_another_version(root: Path) -> None:
    """End the sandbox that was found, once: the next may be another command's, and is wanted."""
    server = find(root)
    if server is None or server.version == PIPELINE_VERSION:
        return
    _end(server, root)
    logger.warning(
        "the sandbox of version %s is replaced by one of version %s",
        server.version,
        PIPELINE_VERSION,
    )


def _end(server: SandboxServer, root: Path) -> None:
    with suppress(ProcessLookupError):  # it may be ending by itself
        os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while find(root) == server:
        if time.monotonic() > deadline:
            raise Transient(f"the sandbox (pid {server.pid}) does not stop")
        time.sleep(POLL_SECONDS)


def _read(told: TextIO) -> SandboxServer:
    """Return what ``server.json`` tells; a later version may tell more."""
    known = {field.name for field in fields(SandboxServer)}
    return SandboxServer(**{name: v for name, v in json.load(told).items() if name in known})


def _is_locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _spawn(root: Path) -> "subprocess.Popen[bytes]":
    settings = sandbox()
    options = ["--root", root, "--port", settings.port, "--sample-rows", settings.sample_rows]
    command = [sys.executable, "-m", "pipeline.sandbox", *map(str, options)]
    with explained(root):
        root.mkdir(parents=True, exist_ok=True)
        with (root / "server.log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )


def _end_needless(process: "subprocess.Popen[bytes] | None", server: SandboxServer) -> None:
    """End the process that another command's was faster than: it serves nobody yet.

    Left to itself, it would take the place of a sandbox that is stopped before it is up.
    """
    if process is not None and process.pid != server.pid:
        process.kill()
        process.wait()


def _refuse_failed(process: "subprocess.Popen[bytes] | None", root: Path) -> None:
    if process is None or process.returncode == ALREADY_RUNNING:
        return
    if process.returncode == PORT_TAKEN and _root_at(sandbox().port) == str(root.resolve()):
        return  # one of ours whose folder was deleted: it is about to stop
    if process.returncode == PORT_TAKEN:
        port = sandbox().port
        raise Terminal(
            f"the sandbox's port {port} is taken",
            seen=f"the sandbox of {other}" if (other := _root_at(port)) else "another program",
            next_step="stop that process, or choose another [sandbox] port in luigi.cfg",
        )
    raise Terminal(
        "the sandbox's process ended at once",
        seen=f"exit code {process.returncode}",
        next_step=f"read {root / 'server.log'}",
    )


def _root_at(port: int) -> str | None:
    """Return the folder of the sandbox that listens on ``port``; None where none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sandbox/health", timeout=2) as answer:
            return str(json.load(answer)["root"])
    except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError):
        return None
