"""An address in a line of the log shows no password, whoever wrote the line."""

import json
import logging

import pytest
from luigi.rpc import RPCError

from pipeline.core.logs import LineFormatter


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://agent:canary@luigi.example.org/", "http://agent@luigi.example.org/"),
        ("https://:canary@host", "https://@host"),
        ("postgresql://user@127.0.0.1:5432/db", "postgresql://user@127.0.0.1:5432/db"),
        ("gs://bucket/a:b@c", "gs://bucket/a:b@c"),
    ],
)
def test_a_password_in_an_address_is_left_out(address: str, shown: str, monkeypatch):
    error = RPCError(f"cannot reach {address!r}")
    line = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), (RPCError, error, None))
    assert LineFormatter().format(line).endswith(f" ERROR   - - cannot reach {shown!r}")
    monkeypatch.setenv("TLC_LOG_FORMAT", "json")
    assert json.loads(LineFormatter().format(line))["message"] == f"cannot reach {shown!r}"


def test_a_password_in_a_traceback_is_left_out_of_its_line_of_json(monkeypatch):
    monkeypatch.setenv("TLC_LOG_FORMAT", "json")
    try:
        raise KeyError("https://user:canary@host/")
    except KeyError as error:
        told = (KeyError, error, error.__traceback__)
        line = logging.LogRecord("x", logging.ERROR, "", 0, "lost", (), told)
    (text,) = LineFormatter().format(line).splitlines()
    assert "KeyError: 'https://user@host/'" in json.loads(text)["exception"]
    assert "canary" not in text
