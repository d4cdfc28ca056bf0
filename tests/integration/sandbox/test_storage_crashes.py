"""Kill -9 of the sandbox loses no finished object, shows no half one, and leaves no litter."""

import io
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.sandbox import RunningSandbox
from support.waiting import wait_until

CHUNK = 256 * 1024
RELATED = {"Content-Type": "multipart/related; boundary=b"}
HALF = b'--b\r\n\r\n{"name": "half"}\r\n--b\r\n\r\n' + bytes(4 << 20)
"""The beginning of a multipart upload of "half"."""
UNNAMED = "multipart"
"""How a file is called while the name of its object is still to come."""


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox that these tests kill; it is running again when each ends."""
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "mortal")
    running.storage().create_bucket("lake")
    yield running
    running.stop()


@pytest.fixture
def client(mortal: RunningSandbox) -> Any:
    client = mortal.storage()
    yield client
    client.close()


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex


def files(sandbox: RunningSandbox, name: str) -> list[Path]:
    """The files that hold bytes of an object, finished or not."""
    return list((sandbox.root / "storage" / "bytes").glob(f"*-{name}"))


def begin(url: str, name: str) -> str:
    """Begin a resumable upload and return its address."""
    begun = requests.post(
        f"{url}/upload/storage/v1/b/lake/o?uploadType=resumable&name={name}", timeout=30
    )
    begun.raise_for_status()
    return begun.headers["Location"]


def send(session: str, content_range: str, content: bytes = b"") -> requests.Response:
    headers = {"Content-Range": f"bytes {content_range}"}
    return requests.put(session, data=content, headers=headers, timeout=30)


def test_a_finished_object_survives_with_its_generation_and_metadata(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    blob = client.bucket("lake").blob(name)
    blob.metadata = {"k": "v"}
    blob.upload_from_string(b"finished")
    mortal.restart()
    found = client.bucket("lake").get_blob(name)
    assert (found.generation, found.metadata) == (blob.generation, {"k": "v"})
    assert found.download_as_bytes() == b"finished"
    found.upload_from_string(b"later")
    assert found.generation > blob.generation


def test_a_resumable_upload_goes_on_where_it_was(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    content = os.urandom(2 * CHUNK + 7)
    total = len(content)
    session = begin(mortal.url, name)
    assert send(session, f"0-{CHUNK - 1}/{total}", content[:CHUNK]).status_code == 308
    mortal.restart()
    asked = send(session, f"*/{total}")
    assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{CHUNK - 1}")
    rest = send(session, f"{CHUNK}-{total - 1}/{total}", content[CHUNK:])
    assert rest.status_code == 200
    assert client.bucket("lake").blob(name).download_as_bytes() == content


def test_a_client_in_the_middle_of_an_upload_does_not_notice(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    content = os.urandom(12 * CHUNK)
    killing = threading.Thread(target=mortal.restart)

    class Killing(io.BytesIO):
        """Has the sandbox killed as the fourth chunk is read."""

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 3 * CHUNK:
                killing.start()
            return super().read(size)

    blob = client.bucket("lake").blob(name, chunk_size=CHUNK)
    blob.upload_from_file(Killing(content), if_generation_match=0)
    killing.join()
    assert client.bucket("lake").blob(name).download_as_bytes() == content


def test_the_outcome_of_an_upload_can_be_asked_for_again(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    session = begin(mortal.url, f"{name}&ifGenerationMatch=0")
    first = send(session, "0-2/3", b"abc")
    mortal.restart()
    again = send(session, "0-2/3", b"abc")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert len(list(client.list_blobs("lake", prefix=name, versions=True))) == 1


def test_an_upload_that_was_broken_off_shows_nothing_and_leaves_nothing(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    killed = threading.Event()

    def body() -> Any:
        yield HALF
        wait_until(lambda: any(path.stat().st_size for path in files(mortal, UNNAMED)))
        mortal.kill()
        killed.set()
        yield b"more"

    url = f"{mortal.url}/upload/storage/v1/b/lake/o?uploadType=multipart"
    with pytest.raises(requests.ConnectionError):
        requests.post(url, data=body(), headers=RELATED, timeout=30)
    assert killed.is_set()
    assert files(mortal, UNNAMED)
    mortal.start()
    assert not client.bucket("lake").blob("half").exists()
    assert files(mortal, UNNAMED) == []


def test_a_replaced_or_deleted_object_leaves_no_bytes(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    blob = client.bucket("lake").blob(name)
    blob.upload_from_string(b"1")
    blob.upload_from_string(b"2")
    assert len(files(mortal, name)) == 1
    blob.delete()
    assert files(mortal, name) == []


def test_a_client_that_goes_away_leaves_no_bytes(
    mortal: RunningSandbox, client: Any, name: str
) -> None:
    def body() -> Any:
        yield HALF
        raise OSError("gone")

    url = f"{mortal.url}/upload/storage/v1/b/lake/o?uploadType=multipart"
    with pytest.raises(OSError, match="gone"), requests.Session() as session:
        session.post(url, data=body(), headers=RELATED, timeout=30)
    assert not client.bucket("lake").blob("half").exists()
    wait_until(lambda: files(mortal, UNNAMED) == [])


def test_a_cancelled_upload_is_gone(mortal: RunningSandbox, client: Any, name: str) -> None:
    session = begin(mortal.url, name)
    send(session, f"0-{CHUNK - 1}/*", bytes(CHUNK))
    assert requests.delete(session, timeout=30).status_code == 499
    assert send(session, "*/*").status_code == 404
    assert files(mortal, name) == []
