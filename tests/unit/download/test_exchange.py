"""What can be told from the publisher's headers alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from pipeline.download.exchange import continues, retry_after, version_of
from pipeline.download.part import Published

URL = "https://publisher/file.parquet"
VERSION = Published(url=URL, etag='"a"', last_modified="then", length=100)


def answer(**headers: str) -> requests.Response:
    response = requests.Response()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def test_a_version_is_what_the_headers_tell() -> None:
    told = answer(ETag='"a"', Last_Modified="then", Content_Length="100")
    assert version_of(told, URL) == VERSION


def test_a_version_without_headers_is_known_by_its_address_only() -> None:
    assert version_of(answer(), URL) == Published(URL, "", "", None)


@pytest.mark.parametrize(
    ("etag", "length", "resumable"),
    [('"a"', 100, True), ('W/"a"', 100, False), ("", 100, False), ('"a"', None, False)],
)
def test_only_a_strong_etag_and_a_length_allow_a_resume(etag, length, resumable) -> None:
    assert Published(URL, etag, "then", length).resumable is resumable


@pytest.mark.parametrize(
    ("stated", "etag", "fits"),
    [
        ("bytes 40-99/100", '"a"', True),
        ("bytes 41-99/100", '"a"', False),
        ("bytes 40-99/101", '"a"', False),
        ("bytes 40-99/100", '"b"', False),
        ("bytes 40-99/*", '"a"', False),
        ("", '"a"', False),
    ],
)
def test_a_rest_fits_where_offset_length_and_etag_agree(stated, etag, fits) -> None:
    assert continues(answer(ETag=etag, Content_Range=stated), VERSION, 40) is fits


def test_a_rest_without_an_etag_does_not_fit() -> None:
    assert not continues(answer(Content_Range="bytes 40-99/100"), VERSION, 40)


@pytest.mark.parametrize(("told", "seconds"), [("17", 17.0), ("", None), ("soon", None)])
def test_retry_after_in_seconds(told, seconds) -> None:
    assert retry_after(answer(Retry_After=told)) == seconds


def test_retry_after_as_a_date() -> None:
    then = datetime.now(UTC) + timedelta(seconds=30)
    wait = retry_after(answer(Retry_After=format_datetime(then, usegmt=True)))
    assert wait is not None
    assert 25 < wait <= 30


def test_retry_after_a_date_that_has_passed_is_no_wait() -> None:
    assert retry_after(answer(Retry_After="Thu, 30 Jun 2022 12:00:00 GMT")) == 0.0
