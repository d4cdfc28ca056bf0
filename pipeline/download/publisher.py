"""The publisher: is a file there, and which bytes is it?

Belongs here: what the publisher's answers mean for a file. Not here: one request
(``exchange.py``), how long to wait between attempts (``retries.py``), what is on disk
(``part.py``, ``target.py``).
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import requests

from pipeline.core.errors import PipelineError, Transient
from pipeline.core.files import part_file
from pipeline.core.months import TripMonth
from pipeline.core.provenance import Provenance
from pipeline.core.publications import Publication
from pipeline.download.exchange import (
    ask,
    body,
    continues,
    refuse_pages,
    retry_after,
    shown,
    version_of,
)
from pipeline.download.kinds import PARQUET, FileKind
from pipeline.download.part import Part, Published
from pipeline.download.retries import Weather, patiently
from pipeline.download.target import publish_raw, read_provenance

Progress = Callable[[int, int | None], None]
"""Told the bytes that are there and, where it is known, how many there will be."""

CONTROL_MONTH: Final = TripMonth("yellow", 2024, 1)
"""Published for certain: where it is refused too, a 403 means throttling."""

UNREACHABLE_ATTEMPTS: Final = 3
NOT_THERE: Final = (403, 404)
WITH_CONTENT: Final = (200, 206)


class Publisher:
    """The publisher whose months are below ``base_url``. It holds no connection between calls.

    ``kind`` is the kind of file that is asked of it; ``control`` a month that it has for certain,
    where it is known to answer 403 both for what it has not and to those who ask too often.
    """

    def __init__(
        self, base_url: str, kind: FileKind = PARQUET, control: TripMonth | None = CONTROL_MONTH
    ) -> None:
        self._base_url = base_url
        self._kind = kind
        self._control = control

    def probe(self, wanted: Publication) -> Published | None:
        """Return which version of the file is published, or None where none is.

        Raises:
            Transient: the publisher is unreachable, throttles or is out of order.
            Terminal: it answered what no publisher of files answers.
        """
        return patiently(lambda: self._probe(wanted), unreachable_attempts=UNREACHABLE_ATTEMPTS)

    def download(
        self,
        wanted: Publication,
        path: Path,
        progress: Progress = lambda done, total: None,
        *,
        anew: bool = False,
    ) -> Provenance:
        """Make ``path`` the published file and return its provenance.

        Resumes what a broken connection or a killed process left. Waits while another process
        downloads to ``path``; where the file is whole already, nothing is downloaded, unless
        ``anew``.

        Raises:
            Transient: the publisher is unreachable, throttles or is out of order; the part stays.
            Terminal: what it serves is no file of its kind, or ``path`` cannot be written.
        """
        with part_file(path) as file:
            part = Part(file, path, self._kind)
            whole = read_provenance(path, wanted)
            if whole is not None and whole.is_wanted() and not anew:
                part.discard()
                return whole
            with _unless_useless(part, shown(wanted.url(self._base_url))):
                version = patiently(lambda: self._complete(wanted, part, progress))
                provenance = _provenance(wanted, version, part)
            part.finish()
            publish_raw(file, path, provenance)
            return provenance

    def _probe(self, wanted: Publication) -> Published | None:
        url = wanted.url(self._base_url)
        with ask("HEAD", url) as response:
            if response.status_code in NOT_THERE:
                self._refuse_throttling(response)
                return None
            return version_of(response, url)

    def _refuse_throttling(self, response: requests.Response) -> None:
        if response.status_code != requests.codes.forbidden or self._control is None:
            return
        with ask("HEAD", self._control.url(self._base_url)) as control:
            if control.status_code == requests.codes.forbidden:
                raise Weather(
                    f"the publisher throttles: {shown(response.url)} answered 403",
                    seen=f"403 even for {self._control}",
                    retry_after=retry_after(control),
                    next_step="wait some minutes, then run the same command again",
                )

    def _complete(self, wanted: Publication, part: Part, progress: Progress) -> Published:
        """Make one attempt at what is missing; safe to repeat. Return the part's version."""
        url = wanted.url(self._base_url)
        begun = part.version(shown(url))
        if begun is not None and part.size == begun.length:
            if self._probe(wanted) == begun:
                return begun
            begun = None
        with ask("GET", url, _rest_of(begun, part)) as response, closing(body(response)) as chunks:
            version = self._placed(response, wanted, part, begun)
            for chunk in chunks:
                part.append(chunk)
                progress(part.size, version.length)
                if part.size > (version.length or part.size):
                    break
        _check_length(version, part)
        return version

    def _placed(
        self, response: requests.Response, wanted: Publication, part: Part, begun: Published | None
    ) -> Published:
        """Return the version that the body belongs to, with the part ready for the body."""
        if response.status_code in NOT_THERE:
            self._refuse_throttling(response)
            raise Transient(f"{wanted} is not published", seen=f"{response.status_code}")
        if response.status_code in WITH_CONTENT:
            refuse_pages(response, self._kind)
        if response.status_code == requests.codes.ok:
            version = version_of(response, wanted.url(self._base_url))
            part.start(version)
            part.check_room(version)
            return version
        if begun is None or not continues(response, begun, part.size):
            part.start_over()
            raise Weather(f"{shown(response.url)} does not resume where asked; starting over")
        part.check_room(begun)
        return begun


def _rest_of(begun: Published | None, part: Part) -> dict[str, str]:
    if begun is None:
        return {}
    return {"Range": f"bytes={part.size}-", "If-Range": begun.etag}


def _check_length(version: Published, part: Part) -> None:
    # Where no length was told, only the file's own end tells that it is all there.
    broken = not part.ends_whole() if version.length is None else part.size != version.length
    if broken:
        expected = "a whole file" if version.length is None else f"{version.length:,} bytes"
        raise Weather(f"{version.url} broke off", seen=f"{part.size:,} bytes", expected=expected)


def _provenance(wanted: Publication, version: Published, part: Part) -> Provenance:
    return Provenance(
        service=wanted.service,
        month=wanted.key,
        source_url=version.url,
        source_etag=version.etag,
        source_last_modified=version.last_modified,
        source_bytes=part.size,
        source_sha256=part.sha256(),
        source_rows=part.rows_or_discard(),
    )


@contextmanager
def _unless_useless(part: Part, url: str) -> Iterator[None]:
    """Leave no part behind that no later attempt can go on from."""
    try:
        yield
    except (PipelineError, OSError):
        if part.version(url) is None:
            part.discard()
        raise
