"""A ``multipart/related`` upload body, taken apart as it arrives.

Belongs here: finding metadata and content in a stream of chunks, holding back no more than a
delimiter's length of content. Not here: what becomes of either.
"""

import re
from typing import Final

from pipeline.sandbox.http import Invalid

HEAD_LIMIT: Final = 1 << 20
"""Bytes that may precede the content: boundary, headers and metadata."""


class RelatedBody:
    """The parser of one body: feed it every chunk, then ask whether it was whole."""

    def __init__(self, content_type: str) -> None:
        match = re.search(r'boundary="?([^";]+)"?', content_type)
        if not content_type.startswith("multipart/related") or match is None:
            raise Invalid(f"Multipart upload with Content-Type {content_type!r}")
        self._delimiter = b"\r\n--" + match[1].encode()
        # The first delimiter stands at the very beginning, where no line end precedes it.
        self._buffer = b"\r\n"
        self._complete = False
        self.metadata: bytes | None = None
        self.content_type: str | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Return the content that is certain after this chunk; raise Invalid."""
        self._buffer += chunk
        if self.metadata is None and not self._take_head():
            return b""
        return self._take_content()

    def check_complete(self) -> None:
        """Raise Invalid where the body ended before its last boundary."""
        if not self._complete:
            raise Invalid("Multipart upload: the body ends before its closing boundary")

    def _take_head(self) -> bool:
        delimiter, buffer = self._delimiter, self._buffer
        second = buffer.find(delimiter, len(delimiter))
        blank = buffer.find(b"\r\n\r\n", second + len(delimiter)) if second >= 0 else -1
        if blank < 0:
            if len(buffer) > HEAD_LIMIT or not delimiter.startswith(buffer[: len(delimiter)]):
                raise Invalid("Multipart upload: the body does not begin with metadata")
            return False
        self.metadata = buffer[len(delimiter) : second].partition(b"\r\n\r\n")[2]
        headers = buffer[second:blank].decode("latin-1")
        found = re.search(r"^content-type:\s*(.+?)\s*$", headers, re.IGNORECASE | re.MULTILINE)
        self.content_type = found[1] if found else None
        self._buffer = buffer[blank + 4 :]
        return True

    def _take_content(self) -> bytes:
        if self._complete:
            return b""
        end = self._buffer.find(self._delimiter)
        self._complete = end >= 0
        cut = end if self._complete else max(0, len(self._buffer) - len(self._delimiter) + 1)
        content, self._buffer = self._buffer[:cut], self._buffer[cut:]
        return content
