"""Odd requests to the sandbox: refused in Google's JSON, by a server that stays up."""

import http.client
import json
import random
from urllib.parse import quote

import pytest
from google.cloud import bigquery
from support.campaign import campaign
from support.odd_requests import PROJECT, odd_request

REQUESTS = 400


@pytest.fixture
def server(own_sandbox):
    """A sandbox in which the paths that are asked for lead somewhere."""
    bucket = own_sandbox.storage().create_bucket("odd")
    bucket.blob("o").upload_from_string(b"0123456789")
    client = own_sandbox.bigquery()
    client.create_dataset(f"{PROJECT}.d")
    client.create_table(bigquery.Table(f"{PROJECT}.d.t", [bigquery.SchemaField("n", "INT64")]))
    client.query("SELECT 1 AS n", job_id="j", job_retry=None).result()
    return own_sandbox


@campaign(short=1)
def test_odd_requests_are_refused_as_such_and_never_a_failure(seed, server):
    rng = random.Random(seed)
    for number in range(REQUESTS):
        request = odd_request(rng)
        status, content_type, content = ask(server.port, *request)
        told = f"request {number}: {request}: {status} {content[:500]!r}"
        assert status < 500 or status == 501, told
        if status >= 400 and not request[1].startswith("/trip-data"):
            assert content_type.startswith("application/json"), told
            assert json.loads(content)["error"]["code"] == status, told
    assert ask(server.port, "GET", "/sandbox/health", b"", {})[0] == 200
    assert "Traceback" not in server.log.read_text()


def ask(port, method, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        target = quote(path, safe="/?&=%$;'")
        sent = {name: value.encode() for name, value in headers.items()}
        connection.request(method, target, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()
