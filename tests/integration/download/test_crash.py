"""Processes that die, meet or run out of room in the middle of a download."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.publisher import FaultyPublisher, drip
from support.raw_files import nothing_but

from pipeline.core import files
from pipeline.core.errors import Terminal
from pipeline.core.provenance import Provenance
from pipeline.download import target
from pipeline.download.target import read_provenance

CHILD = """
import sys
from pathlib import Path
from pipeline.core.months import TripMonth
from pipeline.download.publisher import Publisher
print(Publisher(sys.argv[1]).download(TripMonth("green", 2021, 1), Path(sys.argv[2])).source_sha256)
"""


def start(publisher: FaultyPublisher, path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, publisher.url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_bytes(path: Path, least: int) -> None:
    part = files.part_path(path)
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size >= least):
        assert time.monotonic() < deadline, "the download does not get on"
        time.sleep(0.01)


def test_a_killed_download_goes_on_where_it_was(client, publisher, served, month, path) -> None:
    served.faults = [drip(seconds=6)]
    child = start(publisher, path)
    wait_for_bytes(path, 200_000)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    left = files.part_path(path).stat().st_size
    assert read_provenance(path, month) is None
    assert client.download(month, path).source_sha256 == served.sha256
    last = publisher.asked(month.file_name)[-1]
    assert last.headers["range"] == f"bytes={left}-"
    assert last.headers["if-range"] == served.etag
    assert nothing_but(path)


def test_of_two_downloads_at_once_one_asks_and_both_have_it(publisher, served, month, path) -> None:
    served.always = drip(seconds=1)
    children = [start(publisher, path) for _ in range(2)]
    digests = [child.communicate(timeout=60)[0].strip() for child in children]
    assert digests == [served.sha256] * 2
    assert publisher.ranges(month.file_name) == [None]
    assert nothing_but(path)


class PowerCut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["before the sidecar", "before the file"])
def test_a_crash_while_publishing_leaves_incomplete_never_wrong(
    client, served, month, path, monkeypatch, moment
) -> None:
    client.download(month, path)
    # Another version, of the very size: the old file is still there, with nothing to vouch for it.
    target.sidecar_path(path).unlink()
    served.content = served.content.replace(served.content[1000:1016], bytes(16), 1)

    def cut(*_: object) -> None:
        raise PowerCut

    broken = {"before the sidecar": "write_atomically", "before the file": "publish"}[moment]
    with monkeypatch.context() as patched:
        patched.setattr(target, broken, cut)
        with pytest.raises(PowerCut):
            client.download(month, path)
    assert read_provenance(path, month) is None
    assert client.download(month, path).source_etag == served.etag
    assert path.read_bytes() == served.content
    assert nothing_but(path)


def test_a_full_disk_is_told_with_the_room_there_is_and_the_part_serves_later(
    client, publisher, served, month, path
) -> None:
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    heeded = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, was[1]))
    try:
        with pytest.raises(Terminal, match=r"cannot write .*MB free.*\[local\] data_dir"):
            client.download(month, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, heeded)
    assert read_provenance(path, month) is None
    assert client.download(month, path).source_sha256 == served.sha256
    assert publisher.ranges(month.file_name)[-1] is not None
    assert nothing_but(path)


def test_a_folder_below_a_file_is_refused(client, served, month, tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Terminal, match="cannot write"):
        client.download(month, month.raw_path(tmp_path / "file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_refused(client, served, month, tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Terminal, match="cannot write"):
        client.download(month, month.raw_path(tmp_path / "data"))


@pytest.mark.parametrize("damage", ["size", "month", "hole", "no json", "no object"])
def test_a_sidecar_that_does_not_fit_vouches_for_nothing(
    client, served, month, path, damage
) -> None:
    client.download(month, path)
    sidecar = target.sidecar_path(path)
    pairs = json.loads(sidecar.read_text())
    damaged = {
        "size": json.dumps({**pairs, "tlc_source_bytes": "1"}),
        "month": json.dumps({**pairs, "tlc_month": "2021-02"}),
        "hole": json.dumps({key: pairs[key] for key in pairs if key != "tlc_source_sha256"}),
        "no json": sidecar.read_text()[:-10],
        "no object": "[]",
    }[damage]
    assert Provenance.from_metadata(pairs) is not None
    sidecar.write_text(damaged)
    assert read_provenance(path, month) is None
