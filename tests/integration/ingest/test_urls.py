"""Files by URL: what tells their versions, what is no file, and that no query is ever told."""

import logging

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.publisher import FaultyPublisher, headers, page, status

from pipeline.core.errors import PipelineError
from pipeline.ingest.task import IngestUrlToPostgres

CANARY = "canary-s1gnature"
UNDATED = headers(last_modified=None)


@pytest.fixture
def publisher(setting):
    setting("source", attempts="2", max_backoff="0.05")
    with FaultyPublisher() as publisher:
        yield publisher


@pytest.fixture
def published(publisher, tmp_path):
    def serve(rows, name="numbers.parquet"):
        pq.write_table(pa.table({"n": rows}), tmp_path / "numbers.parquet")
        return publisher.serve(tmp_path / "numbers.parquet", name)

    return serve


def numbers(place):
    return [n for (n,) in place.query("SELECT n FROM {s}.trips ORDER BY n")]


def moved(to):
    def fault(answer):
        answer.status, answer.body = 302, b""
        answer.headers = {"Location": to, "Content-Length": "0"}

    return fault


def test_without_an_etag_the_date_tells_the_version(place, run, publisher, published):
    published([1]).etag_override = ""
    url = f"{publisher.url}/numbers.parquet"
    assert run(url) and not run(url)
    assert len(publisher.asked("numbers.parquet")) == 1
    assert place.query("SELECT source_etag FROM {s}._loads") == [("Thu, 30 Jun 2022 12:00:00 GMT",)]


def test_a_server_that_stops_giving_etags_is_asked_again(place, run, publisher, published):
    url, served = f"{publisher.url}/numbers.parquet", published([1])
    assert run(url)
    served.etag_override = ""
    assert run(url, existing="replace") and not run(url)


def test_without_a_version_the_file_is_fetched_again_and_its_bytes_tell(
    place, run, publisher, published
):
    def serve(rows):
        served = published(rows)
        served.etag_override, served.always, served.head = "", UNDATED, [UNDATED] * 9
        return served.sha256

    url, first = f"{publisher.url}/numbers.parquet", serve([1])
    assert run(url) and run(url)
    assert place.query("SELECT source_etag FROM {s}._loads") == [(f"sha256:{first}",)]
    serve([1, 2])
    assert run(url, existing="replace")
    assert numbers(place) == [1, 2]
    assert place.query("SELECT count(*) FROM {s}._loads") == [(2,)]


def test_a_file_that_is_elsewhere_now_is_fetched_from_there(place, run, publisher, published):
    published([1])
    served = published([1], "old.parquet")
    served.always = moved(f"{publisher.url}/numbers.parquet?signature={CANARY}")
    served.head = [served.always] * 9
    assert run(f"{publisher.url}/old.parquet") and not run(f"{publisher.url}/old.parquet")
    told = f"{publisher.url}/old.parquet"
    assert place.query("SELECT source_url FROM {s}._loads") == [(told,)]


FAULTS = {
    "not_there": (status(404), "there is nothing at .*/numbers.parquet, or nothing that may be"),
    "forbidden": (status(403), "there is nothing at .*/numbers.parquet, or nothing that may be"),
    "unauthorized": (status(401), "/numbers.parquet answered 401"),
    "out_of_order": (status(500), "/numbers.parquet answered 500"),
    "moving": (moved("numbers.parquet"), "/numbers.parquet leads elsewhere than .*and so on"),
    "page": (page(), "/numbers.parquet served no parquet file; seen: a page"),
    "page_as_bytes": (page("binary/octet-stream"), "served as numbers.parquet is no parquet file"),
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS)
def test_what_is_no_file_is_one_line_without_the_query(
    place, run, publisher, published, caplog, fault, words
):
    caplog.set_level("INFO")
    logging.getLogger("urllib3").setLevel("WARNING")
    served = published([1])
    served.always, served.head = fault, [] if "parquet file" in words else [fault] * 99
    with pytest.raises(PipelineError, match=words) as refused:
        run(f"{publisher.url}/numbers.parquet?signature={CANARY}")
    assert CANARY not in f"{refused.value}{caplog.text}"
    assert not [name for name in place.tables() if "trips" in name]
    assert len(publisher.asked("yellow_tripdata_2024-01.parquet", "HEAD")) == 0


def test_a_server_that_is_down_is_told_without_the_query(place, run):
    with pytest.raises(
        PipelineError, match=r"cannot be reached at http://127.0.0.1:1/n.csv;"
    ) as no:
        run(f"http://127.0.0.1:1/n.csv?signature={CANARY}")
    assert CANARY not in str(no.value)


def test_a_query_is_asked_with_and_kept_nowhere(place, run, publisher, published, tmp_path, caplog):
    caplog.set_level("INFO")
    published([1])
    url = f"{publisher.url}/numbers.parquet?signature={CANARY}"
    assert run(url) and not run(url)
    task = IngestUrlToPostgres(url=url, table_name="trips")
    assert CANARY not in f"{task} {task.task_id} {task.to_str_params()} {caplog.text}"
    assert [
        text for (text,) in place.query("SELECT l::text FROM {s}._loads AS l") if CANARY in text
    ] == []
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept and not [path for path in kept if CANARY.encode() in path.read_bytes()]
