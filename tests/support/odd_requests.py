"""Requests that no client library makes: odd paths, options, headers and bodies."""

import json
import random
from copy import deepcopy
from typing import Any

PROJECT = "tlc-test"
SQL = "SELECT 1 AS n"
TARGET = {"projectId": PROJECT, "datasetId": "d", "tableId": "t"}
LOAD = {"sourceUris": ["gs://odd/o"], "sourceFormat": "PARQUET", "destinationTable": TARGET,
        "schema": {"fields": [{"name": "n", "type": "INT64", "mode": "NULLABLE"}]},
        "timePartitioning": {"type": "MONTH", "field": "day"}, "clustering": {"fields": ["n"]},
        "writeDisposition": "WRITE_TRUNCATE", "labels": {"a": "b"}}  # fmt: skip
PARAMETER = {"name": "p", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "1"}}
QUERY = {"query": SQL, "useLegacySql": False, "queryParameters": [PARAMETER],
         "parameterMode": "NAMED", "destinationTable": TARGET,
         "defaultDataset": {"projectId": PROJECT, "datasetId": "d"}}  # fmt: skip
COPY = {"sourceTable": TARGET, "destinationTable": TARGET, "writeDisposition": "WRITE_EMPTY"}
TABLE = {"tableReference": TARGET, "schema": LOAD["schema"], "description": "x",
         "timePartitioning": {"type": "MONTH", "field": "day"}, "labels": {"a": "b"},
         "clustering": {"fields": ["n"]}}  # fmt: skip
VIEW = {"tableReference": TARGET | {"tableId": "v"}, "description": "x", "labels": {"a": "b"},
        "view": {"query": "SELECT n FROM d.t", "useLegacySql": False}}  # fmt: skip
JOB = {"jobReference": {"projectId": PROJECT, "jobId": "j", "location": "US"}}

BIGQUERY = f"/bigquery/v2/projects/{PROJECT}"
BODIES: list[tuple[str, str, Any]] = [
    ("POST", f"{BIGQUERY}/jobs", JOB | {"configuration": {"load": LOAD}}),
    ("POST", f"{BIGQUERY}/jobs", JOB | {"configuration": {"query": QUERY, "labels": {"a": "b"}}}),
    ("POST", f"{BIGQUERY}/jobs", JOB | {"configuration": {"copy": COPY}}),
    ("POST", f"/upload{BIGQUERY}/jobs?uploadType=resumable",
     JOB | {"configuration": {"load": LOAD}}),
    ("POST", f"{BIGQUERY}/queries", QUERY | {"maxResults": 5, "timeoutMs": 1000,
     "requestId": "r", "location": "US", "formatOptions": {"useInt64Timestamp": True}}),
    ("POST", f"{BIGQUERY}/datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": "e"},
     "location": "US", "labels": {"a": "b"}, "description": "x"}),
    ("PATCH", f"{BIGQUERY}/datasets/d", {"description": "x", "labels": {"a": None}}),
    ("POST", f"{BIGQUERY}/datasets/d/tables", TABLE),
    ("POST", f"{BIGQUERY}/datasets/d/tables", VIEW),
    ("PATCH", f"{BIGQUERY}/datasets/d/tables/v", VIEW | {"schema": LOAD["schema"]}),
    ("PATCH", f"{BIGQUERY}/datasets/d/tables/t", TABLE),
    ("PUT", f"{BIGQUERY}/datasets/d/tables/t", TABLE),
    ("POST", f"/storage/v1/b?project={PROJECT}", {"name": "odd2", "location": "US",
     "labels": {"a": "b"}, "versioning": {"enabled": True}, "storageClass": "STANDARD"}),
    ("PATCH", "/storage/v1/b/odd", {"labels": {"a": "b"}, "versioning": {"enabled": False}}),
    ("PATCH", "/storage/v1/b/odd/o/o", {"metadata": {"a": "b"}, "contentType": "text/plain"}),
    ("POST", "/storage/v1/b/odd/o/o/copyTo/b/odd/o/p", {"metadata": {"a": "b"}}),
    ("POST", "/upload/storage/v1/b/odd/o?uploadType=resumable&name=q", {"metadata": {"a": "b"}}),
]  # fmt: skip
PATHS: list[tuple[str, str]] = [
    ("GET", f"{BIGQUERY}/jobs"),
    ("GET", f"{BIGQUERY}/jobs/j"),
    ("GET", f"{BIGQUERY}/queries/j"),
    ("POST", f"{BIGQUERY}/jobs/j/cancel"),
    ("GET", f"{BIGQUERY}/datasets"),
    ("GET", f"{BIGQUERY}/datasets/d/tables"),
    ("GET", f"{BIGQUERY}/datasets/d/tables/t"),
    ("GET", f"{BIGQUERY}/datasets/d/tables/t/data"),
    ("GET", "/storage/v1/b"),
    ("GET", "/storage/v1/b/odd/o"),
    ("GET", "/storage/v1/b/odd/o/o"),
    ("GET", "/download/storage/v1/b/odd/o/o"),
    ("DELETE", "/storage/v1/b/odd/o/none"),
    ("POST", "/upload/storage/v1/b/odd/o"),
    ("PUT", "/upload/storage/v1/b/odd/o"),
    ("PUT", f"/upload{BIGQUERY}/jobs"),
    ("GET", "/trip-data/yellow_tripdata_2021-01.parquet"),
    ("GET", "/sandbox/health"),
]
OPTIONS = ["maxResults", "pageToken", "startIndex", "timeoutMs", "location", "project", "alt",
           "minCreationTime", "stateFilter", "selectedFields", "prefix", "delimiter", "generation",
           "ifGenerationMatch", "startOffset", "endOffset", "versions", "uploadType", "upload_id",
           "name", "formatOptions.useInt64Timestamp", "filter", "projection"]  # fmt: skip
TEXTS = ["", "0", "1", "-1", "x", "1.5", "9" * 30, "US", "media", "resumable", "multipart", "true",
         "%00", "%ff%fe", "²", "../../etc", "a" * 3000, "'", '"', ";", "running", "n"]  # fmt: skip
HEADERS = {
    "Content-Range": ["bytes 0-9/10", "bytes */*", "bytes 5-1/3", "bytes 0-x/*", "0-1", "",
                      f"bytes 0-{9 * 10**40}/{9 * 10**41}", "bytes */-1", "bytes ²-³/4"],
    "Range": ["bytes=0-", "bytes=-0", "bytes=9-1", "bytes=0-0,2-3", "bytes=²-", "x=1",
              f"bytes={10**40}-", f"bytes=-{10**40}", "bytes=--"],
    "Content-Type": ["multipart/related; boundary=x", "multipart/related", "text/plain", ";;"],
    "X-Goog-Hash": ["crc32c=AAAA", "crc32c", "md5=?,crc32c=!", "sha1=x"],
    "If-Match": ["*", '"x"', ""],
    "If-Range": ["x"],
    "X-Upload-Content-Type": ["a/b", ""],
    "X-HTTP-Method-Override": ["PATCH"],
}  # fmt: skip
VALUES = [None, True, 0, -1, 1.5, 10**30, "", "x", "\x00", "\ud800", "²", [], [1], ["x"], [None],
          {}, {"x": 1}, [{"x": 1}], [[]], "a" * 3000]  # fmt: skip
BROKEN = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"1", b"{}{}", b'{"a":}', b"[" * 5000,
          b"--x\r\n\r\n{}\r\n--x--", b"--x\r\n\r\n{\r\n--x\r\n\r\nbytes\r\n--x--"]  # fmt: skip


def odd_request(rng: random.Random) -> tuple[str, str, bytes, dict[str, str]]:
    """Return method, path with query, body and headers."""
    method, path, body = some_request(rng)
    for _ in range(rng.choice([0, 0, 1, 2])):
        joint = "&" if "?" in path else "?"
        path += f"{joint}{rng.choice(OPTIONS)}={rng.choice(TEXTS)}"
    chosen = rng.sample([*HEADERS], rng.choice([0, 0, 1, 2]))
    headers = {name: rng.choice(HEADERS[name]) for name in chosen}
    return method, path, body, headers


def some_request(rng: random.Random) -> tuple[str, str, bytes]:
    if rng.random() < 0.4:
        method, path = rng.choice(PATHS)
        return method, path, rng.choice(BROKEN) if method != "GET" else b""
    method, path, body = rng.choice(BODIES)
    if rng.random() < 0.1:
        return method, path, rng.choice(BROKEN)
    mutated = json.loads(json.dumps(body))
    if "jobReference" in mutated:
        mutated["jobReference"]["jobId"] = f"j{rng.randrange(10**9)}"
    for _ in range(rng.choice([1, 1, 2])):
        mutate(mutated, rng)
    return method, path, json.dumps(mutated).encode()


def mutate(body: dict[str, Any], rng: random.Random) -> None:
    """Replace or take away one value, at any depth."""
    place: Any = body
    while True:
        if not place:
            return
        key = rng.choice([*place]) if isinstance(place, dict) else rng.randrange(len(place))
        if not isinstance(place[key], dict | list) or rng.random() < 0.3:
            break
        place = place[key]
    if rng.random() < 0.2:
        del place[key]
    else:
        place[key] = deepcopy(rng.choice(VALUES))
