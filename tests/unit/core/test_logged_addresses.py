"""An address in a line of the log shows no password, whoever wrote the line."""

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
def test_a_password_in_an_address_is_left_out(address: str, shown: str):
    error = RPCError(f"cannot reach {address!r}")
    line = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), (RPCError, error, None))
    assert LineFormatter().format(line) == f"cannot reach {shown!r}"
