"""A server on loopback that takes messages over HTTP, and keeps them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HookServer(ThreadingHTTPServer):
    """``posts`` are path and JSON of what came; ``code`` is what it answers, None: never."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[tuple[str, Any]] = []
        self.code: int | None = 200
        self.is_over = threading.Event()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def told(self) -> list[tuple[str, str]]:
        """Title and text of each message."""
        return [(post["title"], post["message"]) for _, post in self.posts]


class Handler(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, json.loads(content)))
        if self.server.code is None:
            self.server.is_over.wait()
            return
        self.send_response(self.server.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def hook_server() -> Iterator[HookServer]:
    running = HookServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        running.is_over.set()
        running.shutdown()
        thread.join()
        running.server_close()
