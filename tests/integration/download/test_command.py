"""The task on Luigi's command line: exit codes, and one line for what is expected to go wrong."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.publisher import FaultyPublisher, page, status
from support.raw_files import files_below
from support.workspace import Workspace

Run = Callable[..., "CompletedProcess[str]"]

DONE, NOT_PUBLISHED, FAILED, NOT_SCHEDULED = 0, 20, 30, 35


@pytest.fixture
def place(tmp_path: Path, publisher: FaultyPublisher) -> Workspace:
    place = Workspace(tmp_path)
    place.variables["TLC_BASE_URL"] = publisher.url
    return place


@pytest.fixture
def run(place: Workspace) -> Run:
    def run(month: object = 1, year: int = 2021, service: str = "green") -> CompletedProcess[str]:
        task = ("--module", "pipeline.download.task", "DownloadMonth", "--local-scheduler")
        return place.run("luigi", *task, "--service", service, "--year", year, "--month", month)

    return run


def told(done: CompletedProcess[str]) -> list[str]:
    """The warnings and errors; there is never a traceback."""
    assert "Traceback" not in done.stdout + done.stderr
    return [
        line
        for line in done.stderr.splitlines()
        if " WARNING " in line or " ERROR " in line or " CRITICAL " in line
    ]


def test_a_download_ends_with_zero_and_its_repetition_asks_nobody(
    run, served, publisher, place, path
) -> None:
    done = run()
    assert (done.returncode, told(done)) == (DONE, [])
    assert "green 2021-01: downloaded" in done.stderr
    asked = len(publisher.requests)
    assert run().returncode == DONE
    assert len(publisher.requests) == asked
    assert path.read_bytes() == served.content
    assert place.litter() == []


@pytest.mark.parametrize("code", [403, 404])
def test_a_month_that_is_not_published_ends_with_20_and_one_line(run, served, place, code) -> None:
    served.head = [status(code)]
    done = run()
    assert done.returncode == NOT_PUBLISHED
    (line,) = told(done)
    assert "green 2021-01 is not published yet (nothing at http://127.0.0.1:" in line
    assert files_below(place.data / "raw") == []


def test_a_future_month_is_not_published_and_nobody_is_asked(run, publisher) -> None:
    done = run(year=2099, month=12)
    assert done.returncode == NOT_PUBLISHED
    (line,) = told(done)
    assert "green 2099-12 is not published yet (the month has not begun)" in line
    assert publisher.requests == []


def test_the_publisher_is_asked_once_per_run(run, served, publisher, month) -> None:
    run()
    assert [seen.method for seen in publisher.requests] == ["HEAD", "GET"]


def test_an_unreachable_publisher_ends_with_35_and_names_the_sandbox(run, place) -> None:
    place.variables["TLC_BASE_URL"] = "http://127.0.0.1:9/trip-data"
    done = run()
    assert done.returncode == NOT_SCHEDULED
    (line,) = told(done)
    assert "the publisher cannot be reached at http://127.0.0.1:9/trip-data" in line
    assert "TLC_BASE_URL=sandbox" in line


def test_an_address_that_is_none_ends_with_35(run, place) -> None:
    place.variables["TLC_BASE_URL"] = "nonsense"
    done = run()
    assert done.returncode == NOT_SCHEDULED
    (line,) = told(done)
    assert "the publisher's address is not an address; seen: 'nonsense'" in line


def test_throttling_ends_with_35_after_the_attempts(run, served, publisher) -> None:
    publisher.throttled = True
    done = run()
    assert done.returncode == NOT_SCHEDULED
    assert "throttles" in told(done)[-1]


@pytest.mark.parametrize("ask", [{"month": 13}, {"year": 2008}, {"service": "limo"}])
def test_a_month_that_cannot_be_ends_with_35_and_nobody_is_asked(run, publisher, ask) -> None:
    done = run(**ask)
    assert done.returncode == NOT_SCHEDULED
    assert len(told(done)) == 1
    assert publisher.requests == []


def test_a_page_instead_of_a_file_ends_with_30(run, served, place) -> None:
    served.faults = [page()]
    done = run()
    assert done.returncode == FAILED
    (line,) = told(done)
    assert "served no parquet file" in line
    assert files_below(place.data / "raw") == []


def test_a_data_folder_that_cannot_be_made_ends_with_30(run, served, place, tmp_path) -> None:
    (tmp_path / "file").touch()
    place.set("local", data_dir=tmp_path / "file" / "data")
    done = run()
    assert done.returncode == FAILED
    (line,) = told(done)
    assert "cannot write" in line
    assert "Not a directory" in line
    assert "[local] data_dir" in line
