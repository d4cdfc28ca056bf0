"""Where a publisher may lead, by what the addresses say; no name is asked of anybody else."""

import pytest

from pipeline.core.errors import Terminal
from pipeline.download.redirects import is_public, next_address

HTTPS, HTTP = "https://93.184.215.14/trip-data/a", "http://93.184.215.14/trip-data/a"
LOOPBACK = "http://127.0.0.1:8484/trip-data/a"

ALLOWED = [
    (HTTPS, "https://1.1.1.1/b", "https://1.1.1.1/b"),
    (HTTPS, "/b?signature=1", "https://93.184.215.14/b?signature=1"),
    (HTTPS, "//8.8.8.8/b", "https://8.8.8.8/b"),
    (HTTP, "https://1.1.1.1/b", "https://1.1.1.1/b"),
    (HTTP, "http://1.1.1.1/b", "http://1.1.1.1/b"),
    (LOOPBACK, "http://localhost:1/b", "http://localhost:1/b"),
    ("http://10.0.0.1/a", "http://10.0.0.2/b", "http://10.0.0.2/b"),
]
NOT_PUBLIC = [
    "169.254.169.254", "127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "192.168.0.1", "0.0.0.0",
    "100.64.0.1", "224.0.0.1", "[::1]", "[::]", "[fe80::1]", "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]", "[::ffff:7f00:1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1",
]  # fmt: skip


@pytest.mark.parametrize(("publisher", "location", "leads"), ALLOWED)
def test_a_redirect_to_no_lesser_protection_is_followed(publisher, location, leads):
    assert next_address(publisher, publisher, location) == leads


@pytest.mark.parametrize("host", NOT_PUBLIC)
@pytest.mark.parametrize("publisher", [HTTPS, HTTP])
def test_a_public_publisher_leads_to_public_addresses_only(publisher, host):
    with pytest.raises(Terminal, match=r"not on the public network.*next: "):
        next_address(publisher, publisher, f"https://{host}/latest/meta-data")


def test_a_publisher_with_tls_leads_to_none_without():
    with pytest.raises(Terminal, match="without TLS"):
        next_address(HTTPS, HTTPS, "http://1.1.1.1/b")


def test_it_is_the_publisher_that_counts_and_not_the_last_address():
    with pytest.raises(Terminal, match="not on the public network"):
        next_address(HTTPS, "https://10.0.0.1/a", "https://10.0.0.2/b")


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "gopher://1.1.1.1/", "data:,x", "https://", "https://[::1", "https:///"],
)
def test_what_is_no_address_of_a_publisher_is_refused(location):
    with pytest.raises(Terminal, match="leads elsewhere than a publisher may"):
        next_address(LOOPBACK, LOOPBACK, location)


def test_a_refusal_does_not_tell_the_query_of_the_publisher():
    with pytest.raises(Terminal) as refused:
        next_address(f"{HTTPS}?signature=canary", HTTPS, "file:///x?canary")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "no such host"])
def test_a_name_that_nobody_answers_to_is_not_known_to_be_private(host):
    assert is_public(host)
