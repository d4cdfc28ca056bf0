"""One HTTP request to the publisher, and what can be told from its answer alone.

Belongs here: time-outs, headers, and the sorting of answers into weather, refusal and content.
Not here: retrying (``retries.py``) and what an answer means for a file (``publisher.py``).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3

from pipeline.core import settings
from pipeline.core.errors import Terminal
from pipeline.core.provenance import PIPELINE_VERSION
from pipeline.download.kinds import FileKind
from pipeline.download.part import Published
from pipeline.download.retries import Unreachable, Weather

CONNECT_TIMEOUT: Final = 10.0
"""Seconds, where ``[source] timeout`` is not shorter."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
HEADERS: Final = {"User-Agent": f"tlc-pipeline/{PIPELINE_VERSION}", "Accept-Encoding": "identity"}
UNDERSTOOD: Final = (200, 206, 403, 404, 416)
BAD_MOMENTS: Final = (408, 425, 429, 500, 502, 503, 504)
BROKEN: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


@contextmanager
def ask(
    method: str, url: str, headers: Mapping[str, str] | None = None
) -> Iterator[requests.Response]:
    """Yield the answer, its body unread, with one of the statuses ``UNDERSTOOD``.

    Raises:
        Unreachable: nobody answers at ``url``.
        Weather: the connection broke, here or while the body is read, or the answer says that
            the moment is bad.
        Terminal: any other answer.
    """
    timeout = float(settings.source().timeout)
    with requests.Session() as session, _weather_told(shown(url)):
        # A proxy that the environment names cannot reach this machine's own sandbox.
        session.trust_env = urlsplit(url).hostname not in LOOPBACK
        with session.request(
            method,
            url,
            headers={**HEADERS, **(headers or {})},
            timeout=(min(timeout, CONNECT_TIMEOUT), timeout),
            stream=True,
        ) as response:
            _refuse_other_statuses(response)
            yield response


def shown(url: str) -> str:
    """Return an address as messages and records have it: without a query, which may be a secret."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def version_of(response: requests.Response, url: str) -> Published:
    """Return the version of ``url`` that the headers of a whole answer (200) tell."""
    length = response.headers.get("Content-Length", "")
    return Published(
        url=shown(url),
        etag=response.headers.get("ETag", ""),
        last_modified=response.headers.get("Last-Modified", ""),
        length=int(length) if length.isdigit() else None,
    )


def continues(response: requests.Response, version: Published, offset: int) -> bool:
    """Return whether a partial answer (206) is the rest of ``version`` from ``offset`` on."""
    stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return (
        response.headers.get("ETag") == version.etag
        and stated is not None
        and (int(stated[1]), int(stated[2])) == (offset, version.length)
    )


def refuse_pages(response: requests.Response, wanted: FileKind) -> None:
    """Raise Terminal where the body is a page for people, or not the file's own bytes."""
    told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if told not in wanted.text_types and (told.startswith("text/") or told.endswith("xml")):
        begin = next(response.iter_content(60), b"")
        raise _not_a_file(response, wanted, f"a page ({told}) that begins {begin!r}")
    if encoding != "identity":
        raise _not_a_file(response, wanted, f"Content-Encoding: {encoding}")


def retry_after(response: requests.Response) -> float | None:
    """Return how many seconds the answer asks to wait, where it does."""
    told = response.headers.get("Retry-After", "")
    if told.isdigit():
        return float(told)
    with suppress(ValueError, TypeError):
        wait = parsedate_to_datetime(told) - datetime.now(UTC)
        return max(0.0, wait.total_seconds())
    return None


@contextmanager
def _weather_told(url: str) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, urllib3.exceptions.MaxRetryError):
            raise Unreachable(
                f"the publisher cannot be reached at {url}",
                seen=str(cause.reason).rpartition("): ")[2],
                next_step="check the network, or set TLC_BASE_URL=sandbox for sample months",
            ) from error
        seen = cause.args[0] if isinstance(cause, Exception) and cause.args else cause
        raise Weather(f"the connection to the publisher broke at {url}", seen=seen) from error
    except requests.RequestException as error:
        raise Terminal(f"{url} cannot be asked for", seen=type(error).__name__,
                       next_step="open that address in a browser") from None  # fmt: skip


def _refuse_other_statuses(response: requests.Response) -> None:
    status = f"{response.status_code} {response.reason}"
    if response.status_code in BAD_MOMENTS:
        wait = retry_after(response)
        asked = None if wait is None else f"ask again in {wait:.0f} s"
        raise Weather(f"{shown(response.url)} answered {status}", retry_after=wait, next_step=asked)
    if response.status_code not in UNDERSTOOD:
        raise Terminal(
            f"{shown(response.url)} answered {status}",
            expected="200, or 403 or 404 for what is not published",
            next_step="check the address: TLC_BASE_URL, [source] base_url or --url",
        )


def _not_a_file(response: requests.Response, wanted: FileKind, seen: str) -> Terminal:
    return Terminal(
        f"{shown(response.url)} served no {wanted.name}",
        seen=seen,
        expected="the file's own bytes",
        next_step="open that address in a browser: a proxy or a login page may be in between",
    )
