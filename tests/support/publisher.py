"""A publisher on loopback that misbehaves as told, one request at a time.

    with FaultyPublisher() as publisher:
        month = publisher.serve(Path("green.parquet"), "green_tripdata_2021-01.parquet")
        month.faults += [status(500), reset(at=0.6)]        # the next two GETs, in this order
        month.always = drip(seconds=5)                      # every GET after those
        Publisher(publisher.url).download(...)              # or TLC_BASE_URL=publisher.url
        assert publisher.ranges("green_tripdata_2021-01.parquet") == [None, None, "bytes=..."]

A healthy answer has a strong ETag, Last-Modified and Content-Length, and honours Range with
If-Range, as the TLC's CDN does. What is not served answers 403 with the CDN's XML body. The
control month of throttling (yellow 2024-01) answers HEAD unless ``throttled`` is set.
Faults apply to GET; ``Served.head`` holds those of HEAD. It runs in threads of the process that
made it; child processes reach it by ``url``.
"""

import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

CONTROL_NAME = "yellow_tripdata_2024-01.parquet"
FORBIDDEN = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
CHUNK = 1 << 14


@dataclass
class Answer:
    """What is about to be sent; a fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    stop_at: int | None = None
    """Bytes of the body after which ``ending`` happens instead of the rest."""
    ending: Callable[["Handler"], None] | None = None
    seconds: float = 0.0
    """How long the body takes."""

    def at(self, share: float, ending: Callable[["Handler"], None]) -> None:
        self.stop_at, self.ending = int(len(self.body) * share), ending


Fault = Callable[[Answer], None]


def status(code: int, retry_after: str = "", body: bytes = b"no") -> Fault:
    """Answer ``code`` instead."""

    def fault(answer: Answer) -> None:
        answer.status, answer.body = code, body
        answer.headers = {"Content-Length": str(len(body))}
        if retry_after:
            answer.headers["Retry-After"] = retry_after

    return fault


def reset(at: float) -> Fault:
    """Reset the connection after this share of the body."""
    return lambda answer: answer.at(at, Handler.reset)


def cut(at: float, declared: bool = True) -> Fault:
    """Close after this share of the body, with the whole Content-Length declared or none."""

    def fault(answer: Answer) -> None:
        answer.at(at, Handler.hang_up)
        if not declared:
            del answer.headers["Content-Length"]

    return fault


def stall(at: float, seconds: float) -> Fault:
    """Fall silent for ``seconds`` after this share of the body, then close."""

    def wait(handler: "Handler") -> None:
        handler.server.publisher.closing.wait(seconds)
        handler.hang_up()

    return lambda answer: answer.at(at, wait)


def drip(seconds: float) -> Fault:
    """Take ``seconds`` for the whole body: long enough to kill who reads it."""

    def fault(answer: Answer) -> None:
        answer.seconds = seconds

    return fault


def hold(at: float, until: threading.Event) -> Fault:
    """Fall silent after this share of the body until told to go on; then send the rest."""

    def fault(answer: Answer) -> None:
        rest = answer.body[int(len(answer.body) * at) :]

        def go_on(handler: "Handler") -> None:
            handler.wfile.flush()
            until.wait()
            handler.wfile.write(rest)

        answer.at(at, go_on)

    return fault


def headers(**changed: str | None) -> Fault:
    """Change headers: ``headers(etag='W/"1"', content_type="text/html", last_modified=None)``."""

    def fault(answer: Answer) -> None:
        for name, value in changed.items():
            header = name.replace("_", "-").title().replace("Etag", "ETag")
            answer.headers.pop(header, None)
            if value is not None:
                answer.headers[header] = value

    return fault


def page(content_type: str = "text/html; charset=utf-8") -> Fault:
    """Answer 200 with a login page."""
    body = b"<!DOCTYPE html><html><body>Please log in to the guest network</body></html>"

    def fault(answer: Answer) -> None:
        answer.status, answer.body = 200, body
        answer.headers = {"Content-Type": content_type, "Content-Length": str(len(body))}

    return fault


def both(*faults: Fault) -> Fault:
    """Several faults in one answer."""

    def fault(answer: Answer) -> None:
        for each in faults:
            each(answer)

    return fault


@dataclass
class Served:
    """One file; give it new ``content`` to replace it (its ETag follows)."""

    content: bytes
    faults: list[Fault] = field(default_factory=list)
    head: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    etag_override: str | None = None

    @property
    def etag(self) -> str:
        if self.etag_override is not None:
            return self.etag_override
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def answer(self, method: str, asked: dict[str, str]) -> Answer:
        answer = self._healthy(asked)
        queue = self.head if method == "HEAD" else self.faults
        fault = queue.pop(0) if queue else (self.always if method == "GET" else None)
        if fault is not None:
            fault(answer)
        return answer

    def _healthy(self, asked: dict[str, str]) -> Answer:
        told = {
            "ETag": self.etag,
            "Last-Modified": "Thu, 30 Jun 2022 12:00:00 GMT",
            "Accept-Ranges": "bytes",
            "Content-Type": "binary/octet-stream",
        }
        told = {name: value for name, value in told.items() if value}
        total = len(self.content)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if wanted is None or asked.get("if-range", self.etag) != self.etag:
            return Answer(200, {**told, "Content-Length": str(total)}, self.content)
        first = int(wanted[1])
        if first >= total:
            return Answer(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"}, b"")
        told["Content-Range"] = f"bytes {first}-{total - 1}/{total}"
        return Answer(206, {**told, "Content-Length": str(total - first)}, self.content[first:])


@dataclass(frozen=True)
class Request:
    method: str
    name: str
    headers: dict[str, str]
    """Names in lower case."""
    at: float
    """Seconds, monotonic."""


class FaultyPublisher:
    """See the module."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.requests: list[Request] = []
        self.throttled = False
        self.closing = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.publisher = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/trip-data"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, content: Path | bytes, name: str) -> Served:
        """Publish ``content`` under ``name``, healthy until told otherwise."""
        read = content.read_bytes() if isinstance(content, Path) else content
        self.files[name] = Served(read)
        return self.files[name]

    def asked(self, name: str, method: str = "GET") -> list[Request]:
        """The requests for ``name`` so far."""
        return [seen for seen in self.requests if (seen.name, seen.method) == (name, method)]

    def ranges(self, name: str) -> list[str | None]:
        """The Range header of each GET for ``name``."""
        return [seen.headers.get("range") for seen in self.asked(name)]

    def answer(self, request: Request) -> Answer:
        served = self.files.get(request.name)
        if served is not None and not self.throttled:
            return served.answer(request.method, request.headers)
        if request.name == CONTROL_NAME and not self.throttled:
            return Answer(200, {"ETag": '"control"', "Content-Length": "4"}, b"PAR1")
        xml = {"Content-Type": "application/xml", "Content-Length": str(len(FORBIDDEN))}
        return Answer(403, xml, FORBIDDEN)


class Server(ThreadingHTTPServer):
    publisher: FaultyPublisher
    block_on_close = True
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 30

    def setup(self) -> None:
        # A reset throws away what is still in this buffer: little, so that the reader has the rest.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
        super().setup()

    def do_HEAD(self) -> None:
        self._respond(with_body=False)

    def do_GET(self) -> None:
        self._respond(with_body=True)

    def _respond(self, with_body: bool) -> None:
        told = {name.lower(): value for name, value in self.headers.items()}
        name = self.path.partition("?")[0].rpartition("/")[2]
        request = Request(self.command, name, told, time.monotonic())
        publisher = self.server.publisher
        publisher.requests.append(request)
        answer = publisher.answer(request)
        self.send_response(answer.status)
        for header, value in answer.headers.items():
            self.send_header(header, value)
        self.end_headers()
        if with_body:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        body = answer.body[: answer.stop_at]
        pause = answer.seconds * CHUNK / max(1, len(body))
        for start in range(0, len(body), CHUNK):
            self.wfile.write(body[start : start + CHUNK])
            if self.server.publisher.closing.wait(pause) if pause else False:
                return
        if answer.ending is not None:
            answer.ending(self)

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; the tests read ``publisher.requests``."""
