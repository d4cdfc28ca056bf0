"""A publisher that means harm: it is given up in bounded time, with one line and nothing kept."""

import logging
import shutil

import pytest
import requests
from support.hostile import endless, hostile, ok, redirect, said, within
from support.mail_server import certificate
from support.raw_files import files_below

from pipeline.core.errors import PipelineError, Terminal, Transient
from pipeline.download.publisher import Publisher

CHUNK = b"x" * 65536
ETAG = 'ETag: "a"'
HEADLINE = b"HTTP/1.1 200 OK\r\n"
DRIP = 0.1
"""Seconds: often enough that no time-out between two reads ends."""

SLOW = {
    "a_body": endless(ok("Content-Length: 99999", ETAG), b"x", DRIP),
    "a_body_without_a_length": endless(ok(), b"x", DRIP),
    "chunks": endless(ok("Transfer-Encoding: chunked"), b"1\r\nx\r\n", DRIP),
    "the_length_of_a_chunk": endless(ok("Transfer-Encoding: chunked"), b"0", DRIP),
    "headers": endless(HEADLINE, b"x", DRIP),
    "the_first_line": endless(b"HTTP/1.1 200 ", b"x", DRIP),
    "one_continue_after_another": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", DRIP),
}


def refused(publisher, month, path, kind=PipelineError, of="GET"):
    client = Publisher(publisher.url)
    with within(5), pytest.raises(kind) as error:
        client.probe(month) if of == "HEAD" else client.download(month, path)
    told = str(error.value)
    assert told.isprintable() and len(told) < 3000
    assert files_below(path.parent) == []
    return told


@pytest.mark.parametrize("speech", SLOW.values(), ids=SLOW)
def test_what_drips_is_cut_and_told_as_too_slow(month, path, setting, speech):
    setting("source", timeout="0.3")
    with hostile(speech) as publisher:
        told = refused(publisher, month, path, Transient)
    assert "too slow" in told or "timed out" in told
    assert len(publisher.asked) == 2


@pytest.mark.parametrize("name", ["a_body", "a_body_without_a_length", "headers"])
def test_what_drips_over_tls_is_cut_too(month, path, setting, name, tmp_path, monkeypatch):
    setting("source", timeout="0.3")
    trusted = certificate(tmp_path)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(trusted))
    with hostile(SLOW[name], trusted) as publisher:
        told = refused(publisher, month, path, Transient)
    assert "too slow" in told or "timed out" in told
    assert len(publisher.asked) == 2


def test_a_body_without_an_end_is_cut_at_the_limit(month, path, setting):
    setting("source", max_bytes="3000000")
    with hostile(endless(ok(), CHUNK)) as publisher:
        told = refused(publisher, month, path, Terminal)
    assert "green_tripdata_2021-01.parquet is too large; seen: 3 MB or more" in told
    assert "[source] max_bytes" in told
    assert len(publisher.asked) == 1


def test_chunks_beyond_the_length_that_is_told_are_not_taken(month, path):
    head = ok("Content-Length: 70000", "Transfer-Encoding: chunked", ETAG)
    with hostile(endless(head, b"10000\r\n" + CHUNK + b"\r\n")) as publisher:
        told = refused(publisher, month, path, Transient)
    assert "broke off" in told
    assert publisher.sent < 20_000_000


def test_a_length_beyond_the_limit_is_refused_before_the_body(month, path):
    with hostile(endless(ok("Content-Length: 10000000000"), CHUNK)) as publisher:
        told = refused(publisher, month, path, Terminal)
    assert "too large; seen: 10,000 MB or more; expected: 8,000 MB at most" in told
    assert len(publisher.asked) == 1


def test_a_length_beyond_the_room_there_is_is_refused_before_the_body(month, path, setting):
    setting("source", max_bytes="9" * 18)
    length = shutil.disk_usage("/tmp").total * 10
    with hostile(endless(ok(f"Content-Length: {length}", ETAG), CHUNK)) as publisher:
        told = refused(publisher, month, path, Terminal)
    assert f"there is no room for {path}" in told
    assert "[local] data_dir" in told
    assert len(publisher.asked) == 1


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000, "-1", "0x10", "1_0"])
def test_a_length_that_is_no_number_is_no_length(month, path, length):
    with hostile(said(ok(f"Content-Length: {length}", ETAG), b"no parquet")) as publisher:
        refused(publisher, month, path)


@pytest.mark.parametrize(
    "header",
    ["Retry-After: \xb2", "Retry-After: " + "9" * 5000,
     "Retry-After: Thu, 30 Jun 2022 12:00:00 +9999999999", "Retry-After: -1"],
    ids=["superscript", "long", "zone", "negative"],
)  # fmt: skip
def test_a_wait_that_is_no_number_is_not_waited(month, path, header):
    head = f"HTTP/1.1 503 Busy\r\n{header}\r\n\r\n".encode("latin-1")
    with hostile(said(head)) as publisher:
        assert "answered 503" in refused(publisher, month, path, Transient, "HEAD")


def test_a_range_of_endless_digits_is_not_gone_on_with(month, path):
    def speech(asked, over):
        yield b"HTTP/1.1 206 Partial\r\n" + ok(ETAG, f"Content-Range: bytes 0-1/{'9' * 5000}")[17:]

    with hostile(speech) as publisher:
        assert "does not resume" in refused(publisher, month, path, Transient)


HEADERS = {
    "a_thousand": ok(*[f"X-{n}: {n}" for n in range(1000)]),
    "a_long_one": ok("X: " + "x" * 70_000),
    "no_header_at_all": ok("no colon in it", "\x00\x01"),
    "none_that_ends": HEADLINE + b"X: 1\r\n" * 90,
    "a_long_etag": ok('ETag: "' + "e" * 60_000 + '"'),
    "a_long_reason": b"HTTP/1.1 418 " + b"\x1b[2J\x07" * 9000 + b"\r\n\r\n",
    "a_long_kind": ok("Content-Type: text/" + "\x1b[31m" * 9000),
    "another_protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("head", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_headers_that_are_no_headers_are_one_short_line(month, path, method, head, caplog):
    if method == "HEAD" and b" 418 " not in head[:20]:
        head = head.replace(b" 200 ", b" 503 ", 1)
    with hostile(said(head)) as publisher:
        refused(publisher, month, path, of=method)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING and r.exc_info]


def test_a_gzip_bomb_is_not_unpacked(month, path):
    for status in (b"200 OK", b"206 Partial Content"):
        head = ok("Content-Encoding: gzip", ETAG).replace(b"200 OK", status)
        with hostile(endless(head, CHUNK)) as publisher:
            told = refused(publisher, month, path, Terminal)
        assert "seen: Content-Encoding: gzip" in told


LEADS = {
    "a_file": ("file:///etc/passwd", r"a redirect to file://"),
    "another_protocol": ("ftp://127.0.0.1/x", r"a redirect to ftp://"),
    "no_address": ("http://[::1", "a redirect to no address"),
    "itself": ("", "and so on"),
}


@pytest.mark.parametrize(("to", "words"), LEADS.values(), ids=LEADS)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_redirect_that_leads_astray_is_refused(month, path, method, to, words):
    with hostile(said(redirect(to or f"{month.file_name}"))) as publisher:
        told = refused(publisher, month, path, Terminal, method)
    assert "leads elsewhere than a publisher may" in told
    assert words in told
    assert len(publisher.asked) == (1 if to else 6)


def test_the_body_of_a_redirect_is_not_read(month, path):
    with hostile(endless(redirect("file:///etc/passwd"), CHUNK)) as publisher:
        refused(publisher, month, path, Terminal)
    assert publisher.sent < 20_000_000
