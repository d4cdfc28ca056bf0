"""Bad moments are waited out; a download goes on where it broke off, or from zero."""

import logging

import pytest
from support.publisher import (
    CONTROL_NAME,
    FaultyPublisher,
    cut,
    headers,
    reset,
    stall,
    status,
)
from support.raw_files import files_below, leave_part, nothing_but

from pipeline.core.errors import Transient
from pipeline.download.publisher import Publisher
from pipeline.download.target import read_provenance


def test_three_server_errors_then_fine_is_fine(
    client, publisher, served, month, path, caplog
) -> None:
    served.faults = [status(500)] * 3
    client.download(month, path)
    assert path.read_bytes() == served.content
    assert len(caplog.records) == 3
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_a_reset_is_resumed_where_it_broke_off(client, publisher, served, month, path) -> None:
    served.faults = [reset(at=0.6)]
    record = client.download(month, path)
    assert path.read_bytes() == served.content
    assert record.source_sha256 == served.sha256
    first, second = publisher.asked(month.file_name)
    assert "range" not in first.headers
    offset = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0.4 < offset / len(served.content) <= 0.6
    assert second.headers["if-range"] == served.etag
    assert nothing_but(path)


def test_a_body_shorter_than_declared_is_resumed(client, publisher, served, month, path) -> None:
    served.faults = [cut(at=0.3), cut(at=0.5)]
    client.download(month, path)
    assert path.read_bytes() == served.content
    assert len(publisher.asked(month.file_name)) == 3


def test_a_cut_body_of_undeclared_length_starts_over(
    client, publisher, served, month, path
) -> None:
    served.faults = [cut(at=0.5, declared=False)]
    client.download(month, path)
    assert path.read_bytes() == served.content
    assert publisher.ranges(month.file_name) == [None, None]


def test_a_whole_body_of_undeclared_length_is_accepted(client, served, month, path) -> None:
    served.faults = [headers(content_length=None)]
    assert client.download(month, path).source_bytes == len(served.content)


def test_silence_is_ended_by_the_time_out_and_resumed(
    client, publisher, served, month, path, source
) -> None:
    source(timeout=0.3)
    served.faults = [stall(at=0.5, seconds=10)]
    client.download(month, path)
    assert path.read_bytes() == served.content
    first, second = publisher.asked(month.file_name)
    assert second.at - first.at < 5
    assert "range" in second.headers


def test_endless_errors_end_as_transient_after_the_attempts(
    client, publisher, served, month, path, source
) -> None:
    source(attempts=3)
    served.always = status(503)
    with pytest.raises(Transient, match="answered 503"):
        client.download(month, path)
    assert len(publisher.asked(month.file_name)) == 3
    assert files_below(path.parent) == []


def test_a_broken_download_keeps_its_part_for_the_next_run(
    client, publisher, served, month, path, source
) -> None:
    source(attempts=2)
    served.faults = [cut(at=0.5), status(503)]
    with pytest.raises(Transient):
        client.download(month, path)
    assert read_provenance(path, month) is None
    assert client.download(month, path).source_sha256 == served.sha256
    assert publisher.ranges(month.file_name)[2] is not None
    assert nothing_but(path)


def test_retry_after_is_honoured(client, publisher, served, month, path, source) -> None:
    source(max_backoff=5)
    served.faults = [status(503, retry_after="1")]
    client.download(month, path)
    first, second = publisher.asked(month.file_name)
    assert 1.0 <= second.at - first.at < 3.0


def test_a_longer_wait_than_allowed_ends_the_run_and_says_how_long(
    client, publisher, served, month, path
) -> None:
    served.faults = [status(429, retry_after="3600")]
    with pytest.raises(Transient, match="ask again in 3600 s"):
        client.download(month, path)
    assert len(publisher.asked(month.file_name)) == 1


def test_a_month_withdrawn_before_the_download_is_told(client, served, month, path) -> None:
    served.faults = [status(403)]
    with pytest.raises(Transient, match="green 2021-01 is not published"):
        client.download(month, path)
    assert files_below(path.parent) == []


def test_a_download_waits_out_throttling(client, publisher, served, month, path) -> None:
    control = publisher.serve(b"PAR1", CONTROL_NAME)
    served.faults, control.head = [status(403)], [status(403)]
    assert client.download(month, path).source_sha256 == served.sha256


def test_a_version_that_changed_meanwhile_starts_over(
    client, publisher, served, month, path, source, empty_content
) -> None:
    source(attempts=1)
    served.faults = [cut(at=0.5)]
    with pytest.raises(Transient):
        client.download(month, path)
    served.content = empty_content
    assert client.download(month, path).source_etag == served.etag
    assert path.read_bytes() == empty_content


def test_a_rest_of_another_version_is_not_appended(client, publisher, served, month, path) -> None:
    served.faults = [cut(at=0.5), headers(etag='"other"')]
    client.download(month, path)
    assert path.read_bytes() == served.content
    ranges = publisher.ranges(month.file_name)
    assert [wanted is None for wanted in ranges] == [True, False, True]


@pytest.mark.parametrize("stated", ["bytes 7-{last}/{total}", "bytes 0-1/2", "chaos", None])
def test_a_rest_from_elsewhere_is_not_appended(client, served, month, path, stated) -> None:
    total = len(served.content)
    stated = stated and stated.format(last=total - 1, total=total)
    served.faults = [cut(at=0.5), headers(content_range=stated)]
    client.download(month, path)
    assert path.read_bytes() == served.content


@pytest.mark.parametrize("etag", ['W/"weak"', ""])
def test_without_a_strong_etag_nothing_is_resumed(
    client, publisher, served, month, path, etag
) -> None:
    served.etag_override = etag
    served.faults = [cut(at=0.5)]
    assert client.download(month, path).source_sha256 == served.sha256
    assert publisher.ranges(month.file_name) == [None, None]


def test_a_whole_part_is_verified_without_a_download(
    client, publisher, served, month, path
) -> None:
    leave_part(client, month, path, served.content)
    assert client.download(month, path).source_sha256 == served.sha256
    assert publisher.asked(month.file_name) == []
    assert nothing_but(path)


def test_a_whole_part_of_a_replaced_version_is_downloaded_anew(
    client, publisher, served, month, path, empty_content
) -> None:
    leave_part(client, month, path, served.content)
    served.content = empty_content
    client.download(month, path)
    assert path.read_bytes() == empty_content


def test_a_part_of_another_publisher_is_not_continued(
    client, publisher, served, month, path
) -> None:
    leave_part(client, month, path, served.content[:1000])
    with FaultyPublisher() as other:
        other.serve(served.content, month.file_name)
        Publisher(other.url).download(month, path)
        assert other.ranges(month.file_name) == [None]


def test_a_part_longer_than_the_file_starts_over(client, publisher, served, month, path) -> None:
    leave_part(client, month, path, served.content + b"tail")
    client.download(month, path)
    assert path.read_bytes() == served.content
    assert publisher.ranges(month.file_name) == [None]
