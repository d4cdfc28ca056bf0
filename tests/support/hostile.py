"""A publisher on loopback that speaks no HTTP of its own: each connection gets what a test says.

    with hostile(endless(ok(), b"x" * 65536)) as publisher:
        Publisher(publisher.url).download(...)

It hears one request per connection, answers it, and hangs up when the speech ends, when who asked
went away, or when the test is over.
"""

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Speech = Callable[[str, threading.Event], Iterator[bytes]]
"""Given the request's first line and the end of the test, what is sent, piece by piece."""


def said(*pieces: bytes) -> Speech:
    """Say this, and hang up."""
    return lambda asked, over: iter(pieces)


def endless(first: bytes, again: bytes, pause: float = 0.0) -> Speech:
    """Say the first, then the other for ever, with pauses of some seconds."""

    def speech(asked: str, over: threading.Event) -> Iterator[bytes]:
        yield first
        while not over.is_set():
            yield again
            if pause:
                over.wait(pause)

    return speech


def redirect(to: str, body: bytes = b"") -> bytes:
    """Return the head of an answer that leads elsewhere, and some of its body."""
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n".encode("latin-1") + body


def ok(*headers: str) -> bytes:
    """Return the head of an answer with these headers."""
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode("latin-1")


class Hostile:
    """Where it is, and what it was asked."""

    def __init__(self, origin: str) -> None:
        self.url = f"{origin}/trip-data"
        self.asked: list[str] = []
        self.sent = 0


@contextmanager
def hostile(speech: Speech, certificate: Path | None = None) -> Iterator[Hostile]:
    """Serve for as long as the block lasts; over TLS with that certificate."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with _encrypted(self.request, certificate) as connection:
                    told.asked.append(heard := _heard(connection))
                    for piece in speech(heard, over):
                        connection.sendall(piece)
                        told.sent += len(piece)
            except OSError:
                """Who asked went away, which is what these tests are about."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False
        block_on_close = True

    with Server(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        told = Hostile(f"http{'s' if certificate else ''}://127.0.0.1:{port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            over.set()
            server.shutdown()
            thread.join()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block took longer."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def _encrypted(connection: socket.socket, certificate: Path | None) -> socket.socket:
    if certificate is None:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(connection, server_side=True)


def _heard(connection: socket.socket) -> str:
    heard = b""
    while b"\r\n\r\n" not in heard and (more := connection.recv(4096)):
        heard += more
    return heard.partition(b"\r\n")[0].decode("latin-1")
