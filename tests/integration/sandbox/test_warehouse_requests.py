"""What the sandbox's BigQuery says of requests outside its slice, and of odd ones inside."""

import datetime
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud.bigquery import SchemaField
from support.sandbox import RunningSandbox
from support.warehouse import TIMEOUT, Place, finished

TARGET = {"projectId": "p", "datasetId": "d", "tableId": "t"}
TABLE = "/projects/{p}/datasets/{d}/tables"
NUMBER = {"fields": [{"name": "n", "type": "INT64"}]}


@pytest.fixture
def place(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Place]:
    made = Place(sandbox.bigquery(), sandbox.storage(), tmp_path)
    yield made
    made.close()


def call(place: Place, method: str, path: str, body: Any = None) -> Any:
    path = path.replace("{p}", place.client.project).replace("{d}", place.name)
    return place.client._call_api(None, method=method, path=path, data=body, timeout=TIMEOUT)


def load(place: Place, **config: Any) -> dict[str, Any]:
    target = {"projectId": place.client.project, "datasetId": place.name, "tableId": "t"}
    known = {"sourceUris": ["gs://b/o"], "sourceFormat": "PARQUET", "destinationTable": target}
    return {"configuration": {"load": known | config}}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"sourceFormat": "CSV"}, "CSV"),
        ({"sourceFormat": "ORC"}, "ORC"),
        ({"maxBadRecords": 3}, "maxBadRecords"),
        ({"hivePartitioningOptions": {"mode": "AUTO"}}, "hivePartitioningOptions"),
        ({"schema": {"fields": [{"name": "r", "type": "RECORD", "fields": [1]}]}}, "RECORD"),
        ({"schema": {"fields": [{"name": "r", "type": "INT64", "mode": "REPEATED"}]}}, "REPEATED"),
        ({"schema": {"fields": [{"name": "r", "type": "JSON"}]}}, "JSON"),
    ],
)
def test_a_load_outside_the_slice_is_refused_by_name(
    place: Place, config: dict[str, Any], named: str
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        call(place, "POST", "/projects/{p}/jobs", load(place, **config))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"query": "SELECT 1"}, "legacy SQL"),
        ({"query": "SELECT 1", "useLegacySql": False, "createSession": True}, "createSession"),
        ({"query": "SELECT 1", "useLegacySql": False, "maximumBytesBilled": "1"}, "maximumBytes"),
        ({"query": "SELECT 1; SELECT 2", "useLegacySql": False}, "several statements"),
    ],
)
def test_a_query_outside_the_slice_is_refused_by_name(
    place: Place, body: dict[str, Any], named: str
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        call(place, "POST", "/projects/{p}/queries", body)


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", TABLE + "/t/insertAll", {"rows": []}, "insertAll"),
        ("POST", TABLE, {"tableReference": TARGET, "view": {"query": "SELECT 1"}}, "view"),
        ("POST", TABLE, {"schema": NUMBER, "rangePartitioning": {"field": "n"}}, "rangePartition"),
        ("POST", TABLE, {"schema": NUMBER, "timePartitioning": {"type": "DAY"}}, "ingestion time"),
        ("POST", TABLE, {"schema": NUMBER, "expirationTime": "1"}, "expirationTime"),
        ("GET", "/projects/{p}/datasets/{d}/routines", None, "routines"),
        ("GET", "/projects/{p}/datasets/{d}/models", None, "models"),
        ("POST", "/projects/{p}/jobs", {"configuration": {"extract": {}}}, "extract"),
    ],
)
def test_what_is_not_there_is_refused_by_name(
    place: Place, method: str, path: str, body: Any, named: str
) -> None:
    if body and "schema" in body:
        body = body | {"tableReference": {"datasetId": place.name, "tableId": "t"}}
    elif body and "view" in body:
        body = body | {"tableReference": {"datasetId": place.name, "tableId": "v"}}
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        call(place, method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/projects/{p}/jobs", {}),
        ("POST", "/projects/{p}/jobs", {"configuration": {"load": {}, "copy": {}}}),
        ("POST", "/projects/{p}/jobs", {"configuration": {"copy": {"sourceTable": TARGET}}}),
        ("POST", "/projects/{p}/queries", {"useLegacySql": False}),
        ("POST", "/projects/{p}/datasets", {"datasetReference": {"datasetId": "a-b"}}),
        ("POST", TABLE, {"tableReference": {"tableId": "a`b"}, "schema": NUMBER}),
        ("GET", TABLE + "/t/data?maxResults=x", None),
        ("GET", "/projects/{p}/jobs?pageToken=²&x=", None),
        ("GET", "/projects/{p}/jobs?maxResults=²&x=", None),
        ("POST", "/projects/{p}/jobs", {"jobReference": "j"}),
        ("POST", "/projects/{p}/jobs", {"configuration": {"copy": None}}),
        ("POST", "/projects/{p}/jobs", {"configuration": {"copy": [1]}}),
        ("POST", "/projects/{p}/queries", {"query": "\ud800", "useLegacySql": False}),
        ("POST", "/projects/{p}/queries", {"query": "SELECT 1", "maxResults": "x"}),
        (
            "POST",
            "/projects/{p}/queries",
            {"query": "SELECT 1", "useLegacySql": False, "defaultDataset": {"projectId": "p"}},
        ),
        ("POST", TABLE, {"tableReference": {"tableId": "t"}, "schema": [1]}),
        ("POST", TABLE, {"tableReference": {"tableId": "t"}, "schema": {"fields": [None]}}),
        ("GET", "/projects/{p}/jobs?stateFilter=odd", None),
    ],
)
def test_a_malformed_request_is_a_bad_request_and_not_a_failure(
    place: Place, method: str, path: str, body: Any
) -> None:
    with pytest.raises(exceptions.BadRequest):
        call(place, method, path, body)


def test_dates_that_bigquery_cannot_hold_are_refused(place: Place) -> None:
    late = (datetime.date(9999, 12, 31) - datetime.date(1970, 1, 1)).days + 1
    uri = place.put("a", {"d": pa.array([late], pa.int32()).cast(pa.date32())})
    with pytest.raises(exceptions.BadRequest, match="years 1 to 9999"):
        place.load(uri, "t", schema=[SchemaField("d", "DATE")])


def test_names_that_differ_in_case_only_are_refused(place: Place) -> None:
    uri = place.put("a", {"n": pa.array([1])})
    place.load(uri, "trips")
    with pytest.raises(exceptions.MethodNotImplemented, match="case"):
        place.load(uri, "TRIPS")


def test_a_dataset_belongs_to_the_project_that_made_it(place: Place) -> None:
    path = f"/projects/another/datasets/{place.name}"
    with pytest.raises(exceptions.NotFound):
        place.client._call_api(None, method="GET", path=path, timeout=TIMEOUT)
    with pytest.raises(exceptions.NotFound):
        place.client.get_table(f"another.{place.name}.t")


def test_a_small_query_answers_quickly(place: Place) -> None:
    place.rows("SELECT 1")
    begun = time.monotonic()
    for _ in range(10):
        place.rows("SELECT 1")
    # 20 to 40 ms each on an idle machine.
    assert time.monotonic() - begun < 5


def test_many_loads_at_once_all_arrive(place: Place) -> None:
    uri = place.put("a", {"n": pa.array([1, 2])})
    jobs = [place.begin_load(uri, "t", schema=[SchemaField("n", "INT64")]) for _ in range(8)]
    for job in jobs:
        finished(job)
    assert place.client.get_table(place.table("t")).num_rows == 16
