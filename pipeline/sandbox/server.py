"""The sandbox's process: one tornado application over the three services.

Belongs here: putting the services together, serving them, stopping. Not here: what a service does,
or when the process is started (``lifecycle.py``).
"""

import asyncio
import errno
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final, TextIO

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import Application

from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.sandbox.http import ApiHandler, UnknownRoute
from pipeline.sandbox.lifecycle import ADDRESS, ALREADY_RUNNING, PORT_TAKEN, SandboxServer
from pipeline.sandbox.publisher.handlers import routes as publisher_routes
from pipeline.sandbox.storage.handlers import routes as storage_routes
from pipeline.sandbox.storage.objects import ObjectStore
from pipeline.sandbox.warehouse.handlers import routes as warehouse_routes
from pipeline.sandbox.warehouse.warehouse import Warehouse

MAX_BODY: Final = 16 * 1024**3
FOLDER_CHECK_MS: Final = 500
UNTOLD: Final = f"{ADDRESS}.part"


class Health(ApiHandler):
    """``GET /sandbox/health``: which sandbox answers here."""

    def initialize(self, root: Path) -> None:
        """Take the folder that this sandbox keeps its data in."""
        self.root = root

    def get(self) -> None:
        """Answer the process id, the data folder and the program's version."""
        told = {"pid": os.getpid(), "root": str(self.root), "version": PIPELINE_VERSION}
        self.respond({"service": "tlc-sandbox", **told})


def serve(root: Path, port: int, sample_rows: int) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    ``port`` 0 takes any free one. The address is told in ``<root>/server.json``. As long as this
    process lives it holds a lock on that file and the lock ``<root>/lock``.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = _lock(root)
    if lock is None:
        return ALREADY_RUNNING
    try:
        sockets = bind_sockets(port, "127.0.0.1")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return PORT_TAKEN
    with lock, (root / UNTOLD).open("w", encoding="utf-8") as address:
        fcntl.flock(address, fcntl.LOCK_EX)
        asyncio.run(_run(root, sockets, sample_rows, address))
    return 0


async def _run(root: Path, sockets: list[socket.socket], sample_rows: int, address: TextIO) -> None:
    store = ObjectStore(root / "storage")
    warehouse = Warehouse(root / "warehouse", _object_path(store), store.names)
    warehouse.start()
    routes = [
        *storage_routes(store),
        *warehouse_routes(warehouse),
        *publisher_routes(root / "publisher", sample_rows),
        (r"/sandbox/health", Health, {"root": root}),
    ]
    application = Application(routes, default_handler_class=UnknownRoute, log_function=_no_log)
    server = HTTPServer(application, max_body_size=MAX_BODY)
    server.add_sockets(sockets)
    stopped = _stop_on_signal()
    _tell(root, sockets[0].getsockname()[1], address)
    watch = PeriodicCallback(lambda: _stop_without_folder(root, address, stopped), FOLDER_CHECK_MS)
    watch.start()
    await stopped.wait()
    server.stop()
    warehouse.close()
    store.close()


def _object_path(store: ObjectStore) -> Callable[[str, str], Path]:
    def path(bucket: str, name: str) -> Path:
        try:
            return store.path_of(bucket, name)
        except LookupError as error:
            raise FileNotFoundError(f"gs://{bucket}/{name}") from error

    return path


def _lock(root: Path) -> TextIO | None:
    lock = (root / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _tell(root: Path, port: int, address: TextIO) -> None:
    url = f"http://127.0.0.1:{port}"
    json.dump(asdict(SandboxServer(os.getpid(), port, url, PIPELINE_VERSION)), address)
    address.flush()
    (root / UNTOLD).replace(root / ADDRESS)


def _stop_on_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def _stop_without_folder(root: Path, address: TextIO, stopped: asyncio.Event) -> None:
    """Stop once the folder is deleted: what was served is gone, and the port is wanted."""
    try:
        is_ours = os.path.samestat((root / ADDRESS).stat(), os.fstat(address.fileno()))
    except OSError:
        is_ours = False
    if not is_ours:
        stopped.set()


def _no_log(handler: ApiHandler) -> None:
    """Keep the server's log for defects; a request is no event."""
    if os.environ.get("TLC_SANDBOX_ACCESS_LOG"):
        request = handler.request
        print(handler.get_status(), request.method, request.uri, file=sys.stderr, flush=True)
