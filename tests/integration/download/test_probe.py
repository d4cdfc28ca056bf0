"""Is a month published, and what if the publisher does not say?"""

import pytest
from support.publisher import (
    CONTROL_NAME,
    status,
)

from pipeline.core.errors import Terminal, Transient
from pipeline.download.publisher import Publisher
from pipeline.download.retries import Unreachable


def test_a_published_month_tells_its_version(client, served, month) -> None:
    version = client.probe(month)
    assert version is not None
    assert (version.etag, version.length) == (served.etag, len(served.content))
    assert version.last_modified.endswith("GMT")


@pytest.mark.parametrize("code", [403, 404])
def test_a_month_that_is_refused_is_not_published(client, served, month, code) -> None:
    served.head = [status(code)]
    assert client.probe(month) is None


def test_a_404_needs_no_second_opinion(client, publisher, served, month) -> None:
    served.head = [status(404)]
    client.probe(month)
    assert publisher.asked(CONTROL_NAME, "HEAD") == []


def test_a_403_for_a_known_month_too_is_waited_out(
    client, publisher, served, month, source
) -> None:
    source(attempts=3)
    publisher.throttled = True
    with pytest.raises(Transient, match=r"throttles.*even for yellow 2024-01"):
        client.probe(month)
    assert len(publisher.asked(month.file_name, "HEAD")) == 3


def test_throttling_that_ends_is_no_failure(client, publisher, served, month) -> None:
    control = publisher.serve(b"PAR1", CONTROL_NAME)
    served.head, control.head = [status(403)] * 2, [status(403)] * 2
    assert client.probe(month) is not None


def test_an_unreachable_publisher_is_named_with_the_way_out(month, caplog) -> None:
    with pytest.raises(Unreachable) as raised:
        Publisher("http://127.0.0.1:9/trip-data").probe(month)
    assert "http://127.0.0.1:9/trip-data" in str(raised.value)
    assert "refused" in str(raised.value)
    assert "TLC_BASE_URL=sandbox" in str(raised.value)
    assert caplog.records == []


def test_an_answer_nobody_expects_is_terminal(client, served, month) -> None:
    served.head = [status(410)]
    with pytest.raises(Terminal, match="answered 410 Gone"):
        client.probe(month)
