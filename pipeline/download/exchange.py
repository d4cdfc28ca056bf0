"""One HTTP request to the publisher, and what can be told from its answer alone.

Belongs here: time-outs, headers, and the sorting of answers into weather, refusal and content.
Not here: retrying (``retries.py``) and what an answer means for a file (``publisher.py``).
"""

import logging
import re
from collections.abc import Generator, Iterator, Mapping
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
from pipeline.download.pace import PacedAdapter, TooSlow, paced
from pipeline.download.part import CHUNK_BYTES, Published
from pipeline.download.redirects import MOST_REDIRECTS, next_address, refusal
from pipeline.download.retries import Unreachable, Weather

CONNECT_TIMEOUT: Final = 10.0
"""Seconds, where ``[source] timeout`` is not shorter."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
HEADERS: Final = {"User-Agent": f"tlc-pipeline/{PIPELINE_VERSION}", "Accept-Encoding": "identity"}
UNDERSTOOD: Final = (200, 206, 403, 404, 416)
BAD_MOMENTS: Final = (408, 425, 429, 500, 502, 503, 504)
NUMBER: Final = "[0-9]{1,18}"
"""What a header may count; more digits are no number of bytes or seconds."""

BROKEN: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)

# It tells of headers that do not parse, with a traceback; what matters of them is judged here.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


@contextmanager
def ask(
    method: str, url: str, headers: Mapping[str, str] | None = None
) -> Iterator[requests.Response]:
    """Yield the answer, its body unread, with one of the statuses ``UNDERSTOOD``.

    Raises:
        Unreachable: nobody answers at ``url``.
        Weather: the connection broke, here or while the body is read, or was too slow, or the
            answer says that the moment is bad.
        Terminal: any other answer, or a redirect to where no publisher leads.
    """
    with (
        _weather_told(shown(url)),
        _Session() as session,
        session.answer(method, url, {**HEADERS, **(headers or {})}) as response,
    ):
        _refuse_other_statuses(response)
        yield response


def body(response: requests.Response) -> Generator[bytes]:
    """Yield the body as it is sent, ``CHUNK_BYTES`` of which have to come within each time-out.

    Raises:
        Weather: they did not. What else may happen, ``ask`` tells.
    """
    seconds = float(settings.source().timeout)
    try:
        with paced(response.raw.shutdown, seconds) as step:
            got = 0
            for chunk in response.iter_content(CHUNK_BYTES):
                got += len(chunk)
                if got >= CHUNK_BYTES:
                    got = 0
                    step()
                yield chunk
    except TooSlow as slow:
        raise Weather(
            f"{shown(response.url)} is too slow",
            seen=f"less than {CHUNK_BYTES // 1024} KiB in {seconds:g} s",
            next_step="run the same command again, or raise [source] timeout",
        ) from slow


class _Session(requests.Session):
    """One exchange. Redirects are followed here, since requests reads their bodies to the end."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = float(settings.source().timeout)
        for scheme in ("http://", "https://"):
            self.mount(scheme, PacedAdapter(self._seconds))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing: none is followed by requests itself."""

    def answer(self, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
        address = url
        for _ in range(MOST_REDIRECTS + 1):
            response = self._asked(method, address, headers)
            if not response.is_redirect:
                return response
            response.close()
            address = next_address(url, address, response.headers["Location"])
        raise refusal(url, f"{address}, and so on")

    def _asked(self, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
        # A proxy that the environment names cannot reach this machine's own sandbox.
        self.trust_env = urlsplit(url).hostname not in LOOPBACK
        timeout = (min(self._seconds, CONNECT_TIMEOUT), self._seconds)
        return self.request(
            method, url, headers=headers, timeout=timeout, stream=True, allow_redirects=False
        )


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
        length=int(length) if re.fullmatch(NUMBER, length) else None,
    )


def continues(response: requests.Response, version: Published, offset: int) -> bool:
    """Return whether a partial answer (206) is the rest of ``version`` from ``offset`` on."""
    told = response.headers.get("Content-Range", "")
    stated = re.fullmatch(rf"bytes ({NUMBER})-\d+/({NUMBER})", told)
    return (
        response.headers.get("ETag") == version.etag
        and stated is not None
        and (int(stated[1]), int(stated[2])) == (offset, version.length)
    )


def refuse_pages(response: requests.Response, wanted: FileKind) -> None:
    """Raise Terminal where the body is a page for people, or not the file's own bytes."""
    told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise _not_a_file(response, wanted, f"Content-Encoding: {encoding}")
    if told not in wanted.text_types and (told.startswith("text/") or told.endswith("xml")):
        begin = next(response.iter_content(60), b"")
        raise _not_a_file(response, wanted, f"a page ({told}) that begins {begin!r}")


def retry_after(response: requests.Response) -> float | None:
    """Return how many seconds the answer asks to wait, where it does."""
    told = response.headers.get("Retry-After", "")
    if re.fullmatch(NUMBER, told):
        return float(told)
    with suppress(ValueError, TypeError, OverflowError):
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
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
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
