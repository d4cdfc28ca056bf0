"""The sandbox's publisher, asked over HTTP."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pyarrow.parquet as pq
import pytest
import requests
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from pipeline.core.months import SERVICES, TripMonth
from pipeline.sandbox.publisher import handlers
from pipeline.sandbox.publisher.handlers import routes
from pipeline.sandbox.publisher.samples import ensure_sample, sample_path, write_sample
from pipeline.schemas import published_files

ROWS = 500
MONTH = TripMonth("green", 2024, 3)


@dataclass(frozen=True)
class Publisher:
    url: str
    root: Path

    def address(self, month: TripMonth = MONTH) -> str:
        return f"{self.url}/trip-data/{month.file_name}"

    @property
    def lookup(self) -> str:
        return f"{self.url}/misc/taxi_zone_lookup.csv"

    def file(self, month: TripMonth = MONTH) -> Path:
        return sample_path(self.root, month)


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    """The publisher's routes alone, served from a thread."""
    root = tmp_path_factory.mktemp("publisher")
    [socket] = bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = HTTPServer(Application(routes(root, ROWS), log_function=lambda _: None))
        server.add_socket(socket)
        await stop.wait()
        server.stop()
        await server.close_all_connections()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        thread = Thread(target=runner.run, args=(serve(),))
        thread.start()
        yield Publisher(f"http://127.0.0.1:{socket.getsockname()[1]}", root)
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_a_published_month_is_a_sample_with_etag_length_and_date(
    publisher: Publisher, http: requests.Session
) -> None:
    answer = http.get(publisher.address())
    assert answer.status_code == 200
    assert answer.content == publisher.file().read_bytes()
    assert pq.read_metadata(publisher.file()).num_rows == ROWS
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["ETag"].strip('"').isalnum()
    assert answer.headers["ETag"][0] == answer.headers["ETag"][-1] == '"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"].endswith("GMT")


def test_head_says_what_get_says_without_the_bytes(
    publisher: Publisher, http: requests.Session
) -> None:
    head, get = http.head(publisher.address()), http.get(publisher.address())
    for name in ("Content-Length", "ETag", "Last-Modified", "Accept-Ranges"):
        assert head.headers[name] == get.headers[name]
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(("asked", "start", "end"), [("5-20", 5, 21), ("100-", 100, None)])
def test_a_range_is_just_those_bytes(
    publisher: Publisher, http: requests.Session, asked: str, start: int, end: int | None
) -> None:
    answer = http.get(publisher.address(), headers={"Range": f"bytes={asked}"})
    whole = publisher.file().read_bytes()
    last = (end or len(whole)) - 1
    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{len(whole)}"


def test_a_range_beyond_the_end_is_416(publisher: Publisher, http: requests.Session) -> None:
    answer = http.get(publisher.address(), headers={"Range": "bytes=999999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{publisher.file().stat().st_size}"


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_a_range_of_the_version_that_one_has_is_resumed(
    publisher: Publisher, http: requests.Session, header: str
) -> None:
    version = http.head(publisher.address()).headers[header]
    resumed = http.get(publisher.address(), headers={"Range": "bytes=9-", "If-Range": version})
    assert (resumed.status_code, resumed.content) == (206, publisher.file().read_bytes()[9:])


def test_a_range_of_another_version_is_the_whole_file(
    publisher: Publisher, http: requests.Session
) -> None:
    headers = {"Range": "bytes=9-", "If-Range": '"another"'}
    answer = http.get(publisher.address(), headers=headers)
    assert (answer.status_code, answer.content) == (200, publisher.file().read_bytes())
    del headers["Range"]
    assert http.get(publisher.address(), headers=headers).status_code == 200


def test_a_version_that_one_has_is_not_sent_again(
    publisher: Publisher, http: requests.Session
) -> None:
    tag = http.head(publisher.address()).headers["ETag"]
    answer = http.get(publisher.address(), headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_published_from_its_first_month_to_the_newest_in_the_table(
    publisher: Publisher, http: requests.Session, service: str
) -> None:
    months = sorted(month for month in published_files() if month.service == service)
    newest = months[-1].next_first_day
    for month in (months[0], months[-1]):
        assert http.get(publisher.address(month)).status_code == 200
    unpublished = TripMonth(service, newest.year, newest.month)
    assert http.get(publisher.address(unpublished)).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "yellow_tripdata_2026-09.parquet",
        "fhv_tripdata_2026-08.parquet",
        "fhvhv_tripdata_2019-01.parquet",
        "yellow_tripdata_2008-12.parquet",
        "yellow_tripdata_2021-13.parquet",
        "yellow_tripdata_2021-1.parquet",
        "purple_tripdata_2021-01.parquet",
        "yellow_tripdata_2021-01.csv",
        "..%2Fpublisher",
        "",
    ],
)
def test_what_is_not_published_is_403_in_243_bytes_of_xml(
    publisher: Publisher, http: requests.Session, name: str
) -> None:
    answer = http.get(f"{publisher.url}/trip-data/{name}")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/xml"
    assert len(answer.content) == 243
    assert b"<Code>AccessDenied</Code>" in answer.content
    head = http.head(f"{publisher.url}/trip-data/{name}")
    assert (head.status_code, head.content) == (403, b"")


def test_a_file_that_was_put_there_is_served_as_it_is(
    publisher: Publisher, http: requests.Session
) -> None:
    month = TripMonth("green", 2024, 4)
    first = http.get(publisher.address(month))
    write_sample(month, 1_234, publisher.file(month))
    second = http.get(publisher.address(month))
    assert second.content == publisher.file(month).read_bytes() != first.content
    assert second.headers["ETag"] != first.headers["ETag"]


def test_a_month_made_again_has_the_same_etag(publisher: Publisher, http: requests.Session) -> None:
    month = TripMonth("green", 2024, 5)
    first = http.get(publisher.address(month)).headers["ETag"]
    publisher.file(month).unlink()
    assert http.get(publisher.address(month)).headers["ETag"] == first


def test_concurrent_first_requests_make_the_sample_once(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = TripMonth("fhvhv", 2024, 6)
    made = []

    def slowly(month: TripMonth, rows: int, path: Path) -> None:
        made.append(month)
        time.sleep(0.3)
        ensure_sample(month, rows, path)

    monkeypatch.setattr(handlers, "ensure_sample", slowly)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: requests.get(publisher.address(month)), range(24)))
    assert made == [month]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_other_months_are_served_while_one_is_being_made(
    publisher: Publisher, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.get(publisher.address())
    slow, begun, released = TripMonth("fhvhv", 2024, 7), Event(), Event()

    def stuck(month: TripMonth, rows: int, path: Path) -> None:
        begun.set()
        assert released.wait(30)
        ensure_sample(month, rows, path)

    monkeypatch.setattr(handlers, "ensure_sample", stuck)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, publisher.address(slow))
        assert begun.wait(30)
        assert http.get(publisher.address(), timeout=10).status_code == 200
        assert not waiting.done()
        released.set()
        assert waiting.result().status_code == 200


def test_a_sample_that_cannot_be_made_is_500_in_one_line_and_made_when_it_can(
    publisher: Publisher, http: requests.Session
) -> None:
    month = TripMonth("fhvhv", 2024, 8)
    part = publisher.file(month).with_name(f"{month.file_name}.part")
    part.mkdir()
    answer = http.get(publisher.address(month))
    assert answer.status_code == 500
    assert answer.text.startswith("500: cannot write")
    assert answer.text.count("\n") == 1
    part.rmdir()
    assert http.get(publisher.address(month)).status_code == 200


def test_the_lookup_of_zones_is_published_beside_the_months(
    publisher: Publisher, http: requests.Session
) -> None:
    whole = http.get(publisher.lookup)
    assert (whole.status_code, whole.content.count(b"\r\n")) == (200, 266)
    assert whole.headers["Content-Length"] == str(len(whole.content))
    assert whole.headers["Last-Modified"].endswith("GMT")
    assert http.head(publisher.lookup).headers["ETag"] == whole.headers["ETag"]
    version = {"Range": "bytes=100-", "If-Range": whole.headers["ETag"]}
    rest = http.get(publisher.lookup, headers=version)
    assert (rest.status_code, rest.content) == (206, whole.content[100:])


def test_a_lookup_that_was_put_there_is_served_as_it_is(
    publisher: Publisher, http: requests.Session
) -> None:
    first = http.get(publisher.lookup).headers["ETag"]
    file = publisher.root / "taxi_zone_lookup.csv"
    file.write_bytes(b"mine")
    assert http.get(publisher.lookup).content == b"mine"
    assert http.get(publisher.lookup).headers["ETag"] != first
    file.unlink()
    assert http.get(publisher.lookup).headers["ETag"] == first


@pytest.mark.parametrize("name", ["taxi+_zone_lookup.csv", "yellow_tripdata_2021-01.parquet", ""])
def test_nothing_else_is_published_beside_the_lookup(
    publisher: Publisher, http: requests.Session, name: str
) -> None:
    answer = http.get(f"{publisher.url}/misc/{name}")
    assert (answer.status_code, len(answer.content)) == (403, 243)
