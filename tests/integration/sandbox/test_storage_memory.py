"""An object of any size passes through the sandbox in the same memory."""

from collections.abc import Iterator

import psutil
import requests
from support.sandbox import RunningSandbox

SIZE, BLOCK, HEADROOM = 192 << 20, bytes(1 << 20), 48 << 20


class Peak:
    """The most memory that the sandbox was seen to hold."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.process = psutil.Process(sandbox.process.pid)
        self.start = self.now = self.process.memory_info().rss

    def look(self) -> None:
        self.now = max(self.now, self.process.memory_info().rss)


class Content:
    """A file of zeros that looks at the peak as it is read."""

    def __init__(self, peak: Peak) -> None:
        self.peak, self.left = peak, SIZE

    def __len__(self) -> int:
        return SIZE

    def read(self, _: int = -1) -> bytes:
        self.peak.look()
        block = BLOCK[: self.left]
        self.left -= len(block)
        return block


def multipart(peak: Peak) -> Iterator[bytes]:
    yield b"--b\r\n\r\n" + b'{"name": "multipart"}' + b"\r\n--b\r\n\r\n"
    yield from iter(Content(peak).read, b"")
    yield b"\r\n--b--"


def test_uploads_and_downloads_hold_no_object_in_memory(own_sandbox: RunningSandbox) -> None:
    own_sandbox.storage().create_bucket("lake")
    peak = Peak(own_sandbox)
    uploads = f"{own_sandbox.url}/upload/storage/v1/b/lake/o"

    headers = {"Content-Type": "multipart/related; boundary=b"}
    answer = requests.post(
        f"{uploads}?uploadType=multipart", data=multipart(peak), headers=headers, timeout=60
    )
    assert answer.json()["size"] == str(SIZE)

    begun = requests.post(f"{uploads}?uploadType=resumable&name=resumable", timeout=30)
    headers = {"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}
    answer = requests.put(
        begun.headers["Location"], data=Content(peak), headers=headers, timeout=60
    )
    assert answer.json()["size"] == str(SIZE)

    path = f"{own_sandbox.url}/download/storage/v1/b/lake/o/resumable?alt=media"
    with requests.get(path, stream=True, timeout=60) as answer:
        for _ in answer.iter_content(1 << 20):
            peak.look()
    peak.look()
    assert peak.now - peak.start < HEADROOM
