"""Where a publisher may send us on to: to the public network, and never to a lesser protection.

Belongs here: that judgement. Not here: asking there (``exchange.py``).
"""

import ipaddress
import socket
from typing import Final
from urllib.parse import urljoin, urlsplit

from pipeline.core.errors import Terminal

MOST_REDIRECTS: Final = 5


def next_address(publisher: str, asked: str, location: str) -> str:
    """Return where the answer of ``asked``, an address of ``publisher``'s choice, leads.

    Raises:
        Terminal: it leads to another scheme than http and https, from https to http, or from a
            public publisher to an address that is not public.
    """
    try:
        address = urljoin(asked, location.encode("latin-1").decode("utf-8", "replace"))
        target = urlsplit(address)
        host = target.hostname or ""
    except ValueError:
        raise refusal(publisher, "no address") from None
    if target.scheme not in ("http", "https") or not host:
        raise refusal(publisher, f"{target.scheme}://{host}")
    origin = urlsplit(publisher)
    if origin.scheme == "https" and target.scheme != "https":
        raise refusal(publisher, f"http://{host}, without TLS")
    if host != origin.hostname and not is_public(host) and is_public(origin.hostname or ""):
        raise refusal(publisher, f"{host}, which is not on the public network")
    return address


def refusal(publisher: str, seen: str) -> Terminal:
    """Return the error of a publisher that leads astray."""
    shown = urlsplit(publisher)._replace(query="", fragment="").geturl()
    return Terminal(
        f"{shown} leads elsewhere than a publisher may",
        seen=f"a redirect to {seen}",
        expected=f"{urlsplit(publisher).scheme}://, on the public network, within "
        f"{MOST_REDIRECTS} redirects",
        next_step="open that address in a browser: a proxy or a login page may be in between",
    )


def is_public(host: str) -> bool:
    """Return whether a host has public addresses only, or none that is known here."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True
    return all(_is_public(ipaddress.ip_address(address[0])) for *_, address in found)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_global and not plain.is_multicast
