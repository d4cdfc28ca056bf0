"""Serve sample months and the zones' lookup as TLC's content network serves the real ones.

Belongs here: one address per file, with ETag, ranges and 403 for what is not published. Not here:
what a file holds (``samples.py``, ``lookup.py``).
"""

import asyncio
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tornado.httputil import format_timestamp
from tornado.web import HTTPError, StaticFileHandler

from pipeline.core.errors import BadRequest
from pipeline.core.months import TripMonth
from pipeline.sandbox.publisher.lookup import FILE_NAME, write_lookup
from pipeline.sandbox.publisher.samples import ensure_sample, sample_path
from pipeline.schemas import published_file

ACCESS_DENIED: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    "<Message>Access Denied</Message><RequestId>TLCSANDBOX000000</RequestId>"
    "<HostId>no-such-sample-month/try-this-one:/trip-data/yellow_tripdata_2021-01"
    ".parquet</HostId></Error>"
)

Making = dict[TripMonth, asyncio.Future[None]]


def routes(root: Path, sample_rows: int) -> list[tuple[Any, ...]]:
    """Return the routes that serve the months and the lookup under ``root``.

    A published file that is not there is made on its first request, a month with ``sample_rows``
    rows. A file that is there is served as it is.
    """
    months = {"path": str(root), "sample_rows": sample_rows, "making": {}}
    return [
        (r"/trip-data/([^/]*)", SampleHandler, months),
        (r"/misc/([^/]*)", LookupHandler, {"path": str(root)}),
    ]


class PublishedHandler(StaticFileHandler):
    """``GET`` and ``HEAD`` of one file: whole, or the range that was asked for."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer 200, 206, 304, 403 or 416."""
        file = await self.file(path)
        loop = asyncio.get_running_loop()
        self.etag = await loop.run_in_executor(None, etag, file)
        asked_for = self.request.headers.get("If-Range")
        if asked_for not in (None, self.etag, _last_modified(file)):
            self.request.headers.pop("Range", None)
        await super().get(path, include_body)

    async def file(self, name: str) -> Path:
        """Return the published file of that name; raise HTTPError 403 where there is none."""
        raise NotImplementedError

    def compute_etag(self) -> str | None:
        """Return the quoted strong tag of the content, computed beforehand off the loop."""
        return self.etag

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer 403 in the content network's XML, anything else in words."""
        if status_code == 403:
            self.set_header("Content-Type", "application/xml")
            self.finish(ACCESS_DENIED)
        else:
            self.finish(f"{status_code}: {kwargs['exc_info'][1]}\n")


class SampleHandler(PublishedHandler):
    """One month."""

    def initialize(  # type: ignore[override]  # our options instead of the base's unused ones
        self, path: str, sample_rows: int, making: Making
    ) -> None:
        """Take the folder, the size of samples and the samples that are being made."""
        super().initialize(path)
        self.sample_rows = sample_rows
        self.making = making

    async def file(self, name: str) -> Path:
        """Return the month's sample, made where it is not there."""
        month = _month(name)
        file = sample_path(Path(self.root), month)
        if not file.exists():
            if published_file(month) is None:
                raise HTTPError(403)
            await self._make(month, file)
        return file

    async def _make(self, month: TripMonth, file: Path) -> None:
        """Make the sample, or wait for the request that is already making it."""
        if month not in self.making:
            loop = asyncio.get_running_loop()
            made = loop.run_in_executor(None, ensure_sample, month, self.sample_rows, file)
            made.add_done_callback(lambda _: self.making.pop(month))
            self.making[month] = made
        await self.making[month]


class LookupHandler(PublishedHandler):
    """The zones."""

    async def file(self, name: str) -> Path:
        """Return the lookup, made where it is not there."""
        file = Path(self.root) / FILE_NAME
        if name != FILE_NAME:
            raise HTTPError(403)
        if not file.exists():
            write_lookup(file)
        return file


def etag(file: Path) -> str:
    """Return the file's strong ETag, quoted: the same content has the same tag, wherever made."""
    stat = file.stat()
    return _etag(file, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _etag(file: Path, *version: int) -> str:
    with file.open("rb") as content:
        return f'"{hashlib.file_digest(content, "md5").hexdigest()}"'


def _last_modified(file: Path) -> str:
    return format_timestamp(int(file.stat().st_mtime))


def _month(name: str) -> TripMonth:
    service, _, key = name.removesuffix(".parquet").partition("_tripdata_")
    try:
        month = TripMonth.parse(service, key)
    except BadRequest:
        raise HTTPError(403) from None
    if month.file_name != name:
        raise HTTPError(403)
    return month
