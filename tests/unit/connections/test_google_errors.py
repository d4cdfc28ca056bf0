"""Whatever the Google clients raise is one line: the service, the cause and the way on."""

import pytest
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from pipeline.connections.google import explained
from pipeline.core.errors import Terminal, Transient

QUOTA = {"reason": "quotaExceeded", "message": "Quota exceeded: too many loads"}


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (api.ServiceUnavailable("no\nbackend"), Transient, "failed loading; seen: 503 no backend"),
        (api.InternalServerError("oops"), Transient, "next: run the same command again"),
        (api.TooManyRequests("slow down"), Transient, "slow down"),
        (api.RetryError("Timeout of 5.0s exceeded", cause=None), Transient, "Timeout of 5.0s"),
        (requests.ConnectionError("refused"), Transient, "failed loading; seen: refused"),
        (requests.Timeout("timed out"), Transient, "timed out"),
        (requests.JSONDecodeError("no JSON", "<html>", 0), Transient, "no JSON"),
        (auth.TransportError("no network"), Transient, "no network"),
        (auth.DefaultCredentialsError("none found"), Terminal, "application-default login"),
        (auth.RefreshError("invalid_grant: expired", {}), Terminal, "application-default login"),
        (auth.MutualTLSChannelError("no certificate"), Terminal, "no usable Google credentials"),
        (api.Forbidden("storage.objects.list access denied"), Terminal, "if a right is missing"),
        (api.Forbidden("403 POST", errors=[QUOTA]), Terminal, "Quota exceeded: too many loads"),
        (api.NotFound("Not found: Project p"), Terminal, "refused loading; seen: 404 Not found: P"),
        (api.MethodNotImplemented("not in the sandbox"), Terminal, "refused loading"),
        (ValueError("Bucket names must start with a letter."), Terminal, "Bucket names must"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_is_one_line_of_the_right_kind(error, kind, told):
    with pytest.raises(kind) as raised, explained("BigQuery", "loading"):
        raise error
    assert told in str(raised.value)
    assert str(raised.value).startswith("BigQuery")
    assert "\n" not in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_a_long_answer_is_cut():
    with pytest.raises(Terminal) as raised, explained("BigQuery", "loading"):
        raise api.BadRequest("x" * 10_000)
    assert len(str(raised.value)) < 400


def test_a_defect_of_ours_stays_what_it_is():
    with pytest.raises(KeyError), explained("BigQuery", "loading"):
        raise KeyError("typo")
