"""When the sandbox's PostgreSQL starts and stops: first need, ``tlc sandbox stop``.

Belongs here: finding, starting and stopping the server. Not here: its files (``cluster.py``).

Whoever owns the cluster holds ``<home>/lock``: the command that makes it, then the server and
each of its processes, which inherit the lock. The operating system frees it with the last of them,
however they end. So a ``postmaster.pid`` that a killed server left deceives nobody, and the next
server starts when the last process of a killed one is gone. A server whose folder is deleted ends
within a minute: PostgreSQL itself looks.
"""

import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.core.errors import Terminal, Transient
from pipeline.core.files import explained
from pipeline.sandbox.postgres.cluster import SUPERUSER, make_cluster, run

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
HOST: Final = "127.0.0.1"
PID_LINE, PORT_LINE, STATE_LINE = 0, 3, 7
"""Where ``postmaster.pid`` tells what (PostgreSQL's ``utils/pidfile.h``, counted from 0)."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, and the file that holds its superuser's password."""

    pid: int
    port: int
    password_file: Path
    user: str = SUPERUSER
    host: str = HOST


def find(home: Path) -> PostgresServer | None:
    """Return the server whose files are in ``home``, or None where none answers."""
    told = _told(home) if _is_owned(home) else None
    return told if told and _answers(told.port) else None


def ensure_running(home: Path, port: int) -> PostgresServer:
    """Return the server of ``home``, made and started if need be.

    It listens on ``port`` of 127.0.0.1, or, where that is 0 or taken, on any free one. Commands
    that ask at the same time get the same server.

    Raises:
        Terminal: it cannot be made, or ends at once.
        Transient: it does not come up in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server := find(home):
            return server
        with _owning(home) as lock:
            if lock is not None:
                _start(home, port, lock)
        time.sleep(POLL_SECONDS)
    raise Transient(
        "the sandbox's Postgres does not come up",
        seen=f"nothing within {START_SECONDS:.0f} s",
        next_step=f"read {home / 'server.log'}",
    )


def stop(home: Path) -> PostgresServer | None:
    """Stop the server of ``home``, ending its sessions; return what was stopped, or None.

    Raises:
        Transient: it does not stop.
    """
    stopped, deadline = None, time.monotonic() + START_SECONDS
    while _is_owned(home):
        server = find(home)
        if server is not None and server != stopped:
            with suppress(ProcessLookupError):  # it may be ending by itself
                os.kill(server.pid, signal.SIGINT)
            stopped = server
        if time.monotonic() > deadline:
            raise Transient("the sandbox's Postgres does not stop", seen=stopped)
        time.sleep(POLL_SECONDS)
    return stopped


def _start(home: Path, port: int, lock: int) -> None:
    with explained(home):
        make_cluster(home, inherit=lock)
        stale = home / "cluster" / "postmaster.pid"
        stale.unlink(missing_ok=True)  # we own the lock: nobody runs
    log, port = home / "server.log", _free_port(port)
    started = run(
        "pg_ctl", "start", "-w", "-t", f"{START_SECONDS:.0f}", "-D", "cluster", "-l", log.name,
        "-o", f"-c port={port} -c listen_addresses={HOST} -c unix_socket_directories=",
        home=home, inherit=lock,
    )  # fmt: skip
    if started.returncode != 0 and not _is_taken(port):  # otherwise we ask again, at another port
        raise Terminal(
            "the sandbox's Postgres ended at once",
            seen=_last_fatal(log) or started.stdout[-300:],
            next_step=f"read {log}",
        )


@contextmanager
def _owning(home: Path) -> Iterator[int | None]:
    """Yield the descriptor by which this process, and who inherits it, owns the cluster."""
    with explained(home):
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock if _locks(lock, fcntl.LOCK_EX) else None
    finally:
        os.close(lock)


def _is_owned(home: Path) -> bool:
    try:
        lock = os.open(home / "lock", os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not _locks(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _locks(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told(home: Path) -> PostgresServer | None:
    """Return what ``postmaster.pid`` tells; None where it does not say that all is ready."""
    with suppress(FileNotFoundError):
        lines = (home / "cluster" / "postmaster.pid").read_text().splitlines()
        if len(lines) > STATE_LINE and lines[STATE_LINE].strip() == "ready":
            return PostgresServer(int(lines[PID_LINE]), int(lines[PORT_LINE]), home / "password")
    return None


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        return False
    return True


def _free_port(wanted: int) -> int:
    """Return ``wanted`` where it is free, otherwise a free one."""
    if wanted and not _is_taken(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:  # a closed connection's rest does not take it, as for a server
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _last_fatal(log: Path) -> str | None:
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if "FATAL:" in line), None)
    return None
