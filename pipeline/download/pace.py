"""A connection on which too little comes is cut: a publisher may be slow, but not for ever.

Belongs here: the watch over one exchange. Not here: what a cut connection means (``exchange.py``).

A time-out between two reads is no bound: a byte now and then keeps it from running out, in the
headers as in the body.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter


class TooSlow(Exception):
    """Raised in place of what a connection that was cut here fails with."""


@contextmanager
def paced(cut: Callable[[], object], seconds: float) -> Iterator[Callable[[], None]]:
    """Yield what to call at each step; ``cut`` is called where none comes for so long.

    Raises:
        TooSlow: it was, whatever came of it.
    """
    stepped, late, ended = threading.Event(), threading.Event(), threading.Event()

    def watch() -> None:
        while stepped.wait(seconds):
            if ended.is_set():
                return
            stepped.clear()
        late.set()
        # It may have ended by itself this very moment.
        with suppress(OSError, ValueError, RuntimeError):
            cut()

    watching = threading.Thread(target=watch, name="pace", daemon=True)
    watching.start()
    try:
        yield stepped.set
    except Exception as error:
        # A cut connection ends as whatever its layers make of it; nothing else is swallowed here.
        if late.is_set():
            raise TooSlow from error
        raise
    finally:
        ended.set()
        stepped.set()
        watching.join()
    if late.is_set():
        raise TooSlow


class PacedAdapter(HTTPAdapter):
    """Connections on which the headers of an answer, all of them, come in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool of connections, with every connection paced."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if not issubclass(pool.ConnectionCls, _Paced):
            bases = (_Paced, pool.ConnectionCls)
            pool.ConnectionCls = type("PacedConnection", bases, {"seconds": self._seconds})
        return pool


class _Paced(urllib3.connection.HTTPConnection):
    seconds: float

    def getresponse(self) -> Any:
        sock = self.sock

        def cut() -> None:
            # Below TLS: its own end of a connection is none for who is reading meanwhile.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

        try:
            with paced(cut, self.seconds):
                return super().getresponse()
        except TooSlow as slow:
            raise TimeoutError("the headers are too slow") from slow
