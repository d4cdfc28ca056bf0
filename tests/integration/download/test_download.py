"""What becomes the month's file, and which bodies never do."""

import pytest
from support.publisher import (
    both,
    cut,
    headers,
    page,
    status,
)
from support.raw_files import files_below, nothing_but

from pipeline.core.errors import Terminal
from pipeline.download.target import read_provenance


def test_a_file_is_downloaded_byte_for_byte(client, publisher, served, month, path) -> None:
    record = client.download(month, path)
    assert path.read_bytes() == served.content
    assert record.source_sha256 == served.sha256
    assert record.source_etag == served.etag
    assert record.source_url == f"{publisher.url}/{month.file_name}"
    assert (record.source_bytes, record.source_rows) == (len(served.content), 2_000)
    assert read_provenance(path, month) == record
    assert nothing_but(path)


def test_the_request_says_who_asks_and_wants_plain_bytes(
    client, publisher, served, month, path
) -> None:
    client.download(month, path)
    (request,) = publisher.asked(month.file_name)
    assert request.headers["user-agent"].startswith("tlc-pipeline/")
    assert request.headers["accept-encoding"] == "identity"


def test_a_whole_file_is_not_downloaded_again(client, publisher, served, month, path) -> None:
    first = client.download(month, path)
    assert client.download(month, path) == first
    assert publisher.ranges(month.file_name) == [None]
    assert nothing_but(path)


def test_a_file_without_its_sidecar_is_downloaded_again(
    client, publisher, served, month, path
) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"who knows")
    client.download(month, path)
    assert path.read_bytes() == served.content


def test_progress_ends_at_the_length(client, served, month, path) -> None:
    told: list[tuple[int, int | None]] = []
    client.download(month, path, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (len(served.content), len(served.content))


def test_a_month_without_rows_is_downloaded(client, publisher, month, path, empty_content) -> None:
    publisher.serve(empty_content, month.file_name)
    assert client.download(month, path).source_rows == 0


def test_a_real_month_is_downloaded(client, publisher, month, path, shared_tlc) -> None:
    publisher.serve(shared_tlc / month.file_name, month.file_name)
    assert client.download(month, path).source_rows == 76_518


def test_a_page_instead_of_a_file_is_refused_with_its_beginning(
    client, served, month, path
) -> None:
    served.faults = [page()]
    with pytest.raises(Terminal, match=r"a page .text/html. that begins b'<!DOCTYPE html>"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_page_in_disguise_is_refused_too(client, served, month, path) -> None:
    served.faults = [page("application/octet-stream")]
    with pytest.raises(Terminal, match="begin b'<!DOCTYPE html>"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_page_does_not_cost_the_part_that_is_there(
    client, publisher, served, month, path
) -> None:
    served.faults = [cut(at=0.5), page()]
    with pytest.raises(Terminal):
        client.download(month, path)
    client.download(month, path)
    assert publisher.ranges(month.file_name)[-1] is not None


def test_a_compressed_body_is_refused(client, served, month, path) -> None:
    served.faults = [headers(content_encoding="gzip")]
    with pytest.raises(Terminal, match="Content-Encoding: gzip"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_saved_403_body_is_refused(client, publisher, month, path, shared_tlc) -> None:
    bad = shared_tlc / "bad" / "http403_body_saved_as_yellow_tripdata_2024-01.parquet"
    publisher.serve(bad, month.file_name)
    with pytest.raises(Terminal, match=r"243 bytes that begin b'<\?xml"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_file_cut_off_at_its_publisher_is_refused(
    client, publisher, month, path, shared_tlc
) -> None:
    publisher.serve(
        shared_tlc / "bad" / "truncated_yellow_tripdata_2021-01.parquet", month.file_name
    )
    with pytest.raises(Terminal, match=r"1,918,543 bytes that begin b'PAR1.*PAR1 at both ends"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_footer_with_damaged_names_is_refused(client, publisher, served, month, path) -> None:
    pages, names = served.content[:-2000], served.content[-2000:]
    served.content = pages + names.replace(b"noise", b"\xff" * 5)
    with pytest.raises(Terminal, match="footer does not open"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_footer_that_does_not_open_is_refused(client, publisher, served, month, path) -> None:
    broken = bytearray(served.content)
    broken[-200:-8] = bytes(192)
    served.content = bytes(broken)
    with pytest.raises(Terminal, match="footer does not open"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_wrong_rest_leaves_an_older_file_as_it_was(client, served, month, path) -> None:
    record = client.download(month, path)
    sidecar = path.with_name(f"{path.name}.json")
    kept = sidecar.read_bytes()
    sidecar.unlink()
    served.faults = [both(status(200, body=b"x" * 50), headers(content_length="50"))]
    with pytest.raises(Terminal):
        client.download(month, path)
    sidecar.write_bytes(kept)
    assert read_provenance(path, month) == record
