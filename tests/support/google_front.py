"""What stands before the sandbox as Google's front doors do: it hands out tokens, and sees them.

``/token`` answers a service account's assertion, ``/impersonate`` a request to act as another; all
else goes on to the sandbox, but for what is ``refused``.
"""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ACCOUNT = "loader@tlc-test.iam.gserviceaccount.com"
KEPT = ("content-type", "content-length", "location", "x-goog-hash", "x-goog-generation", "range")


class GoogleFront:
    """Serves on loopback for as long as the block lasts; child processes reach it by ``url``."""

    def __init__(self, behind: str = "", token: str = "the-token") -> None:
        self.behind, self.token = behind, token
        self.refused: list[str] = []
        """Patterns of ``METHOD /path`` that are answered with 403."""
        self.asked: list[tuple[str, str | None]] = []
        """``METHOD /path`` and the Authorization header of each request, in order."""
        self.assertions: list[str] = []
        handler = type("Handler", (_Handler,), {"front": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def key(self, folder: Path, **more: str) -> tuple[Path, str]:
        """Make a service account's key whose tokens come from here: its file, its public half."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        told = {
            "type": "service_account",
            "project_id": "tlc-test",
            "private_key_id": "1234",
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "token_uri": f"{self.url}/token",
        }
        path = folder / "key.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(told | more))
        return path, public.decode()


class _Handler(BaseHTTPRequestHandler):
    front: GoogleFront
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = f"{self.command} {self.path}"
        self.front.asked.append((asked, self.headers.get("Authorization")))
        if self.path == "/token":
            self.front.assertions += parse_qs(body.decode())["assertion"]
            self._send_json(200, {"access_token": self.front.token, "expires_in": 3600})
        elif self.path == "/impersonate":
            expiry = datetime.now(UTC) + timedelta(hours=1)
            told = {"accessToken": "another-token", "expireTime": f"{expiry:%Y-%m-%dT%H:%M:%SZ}"}
            self._send_json(200, told)
        elif any(re.match(pattern, asked) for pattern in self.front.refused):
            self._send_json(403, _forbidden())
        else:
            self._forward(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _forward(self, body: bytes) -> None:
        given = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        done = requests.request(
            self.command, self.front.behind + self.path, headers=given, data=body, timeout=30
        )
        headers = {k: v for k, v in done.headers.items() if k.lower() in KEPT}
        # An upload goes on where it began: here.
        headers = {k: v.replace(self.front.behind, self.front.url) for k, v in headers.items()}
        self._send(done.status_code, done.content, headers)

    def _send_json(self, status: int, told: dict[str, Any]) -> None:
        self._send(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            if name.lower() != "content-length" or value == str(len(body)):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def _forbidden() -> dict[str, Any]:
    told = {"message": "the account lacks the permission", "reason": "forbidden"}
    return {"error": {"code": 403, "message": told["message"], "errors": [told]}}
