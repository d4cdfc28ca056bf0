"""Views in the sandbox's BigQuery: limits, projects, atomicity, and what is outside the slice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from google.api_core import exceptions
from support.sandbox import RunningSandbox
from support.warehouse import TIMEOUT, Place

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse import query, resolver, tables, views
from pipeline.sandbox.warehouse.catalog import Catalog
from pipeline.sandbox.warehouse.database import Database
from pipeline.sandbox.warehouse.references import TableRef

NUMBER = {"fields": [{"name": "n", "type": "INT64", "description": "a number"}]}


class Views:
    """A database with the dataset ``d`` of project ``p``, and the table ``t`` with one row."""

    def __init__(self, root: Path) -> None:
        self.database, self.catalog = Database(root), Catalog()
        with self.database.writing() as cursor:
            cursor.execute("CREATE SCHEMA d")
            self.catalog.save_dataset(cursor, "d", {"id": "p:d", "location": "US"})
            tables.created(self.catalog, cursor, TableRef("p", "d", "t"), {"schema": NUMBER})
            cursor.execute("INSERT INTO d.t VALUES (7)")

    def make(self, name: str, sql: str) -> None:
        given = {"view": {"query": sql, "useLegacySql": False}}
        with self.database.writing() as cursor:
            views.created(self.catalog, cursor, TableRef("p", "d", name), given)

    def drop(self, name: str) -> None:
        with self.database.writing() as cursor:
            table = self.catalog.table(cursor, TableRef("p", "d", name))
            tables.dropped(self.catalog, cursor, table)

    def rows(self, sql: str, project: str = "p") -> list[Any]:
        config = {"query": sql, "useLegacySql": False}
        with self.database.snapshot() as cursor:
            compiled = query.compiled(self.catalog, cursor, project, config, None)
            return cursor.execute(compiled.statement.sql).fetchall()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Views]:
    made = Views(tmp_path / "warehouse")
    yield made
    made.database.close()


@pytest.fixture
def place(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Place]:
    made = Place(sandbox.bigquery(), sandbox.storage(), tmp_path)
    yield made
    made.close()


def test_views_may_be_nested_so_deep_and_no_deeper(
    made: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolver.NESTED_VIEWS == 16
    monkeypatch.setattr(resolver, "NESTED_VIEWS", 3)
    made.make("v1", "SELECT n FROM d.t")
    for level in (2, 3):
        made.make(f"v{level}", f"SELECT n FROM d.v{level - 1}")
    assert made.rows("SELECT n FROM d.v3") == [(7,)]
    with pytest.raises(ApiError, match="400") as refusal:
        made.make("v4", "SELECT n FROM d.v3")
    assert refusal.value.message.startswith("Views are nested more than 3 levels deep; failed")


def test_a_view_selects_and_is_not_modified(made: Views) -> None:
    with pytest.raises(ApiError, match="400") as refusal:
        made.make("v", "DELETE FROM d.t WHERE TRUE")
    assert refusal.value.message == "Only SELECT statements are allowed in view queries"
    made.make("v", "SELECT n FROM d.t")
    with pytest.raises(ApiError, match="400") as refusal:
        made.rows("DELETE FROM d.v WHERE TRUE")
    assert refusal.value.message == "Cannot modify p:d.v: it is a VIEW"


def test_views_that_expand_to_too_much_are_refused(
    made: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "EXPANDED_CHARACTERS", 1000)
    with pytest.raises(ApiError, match="400") as refusal:
        for level in range(1, 10):
            below = f"d.v{level - 1}" if level > 1 else "d.t"
            made.make(f"v{level}", f"SELECT n FROM {below} UNION ALL SELECT n FROM {below}")
    assert refusal.value.api_reason == "resourcesExceeded"


def test_a_view_of_another_project_must_name_its_projects(made: Views) -> None:
    made.make("half", "SELECT n FROM d.t")
    made.make("full", "SELECT n FROM `p.d.t`")
    made.make("nested", "SELECT n FROM p.d.half")
    assert made.rows("SELECT n FROM p.d.full", project="q") == [(7,)]
    for name in ("half", "nested"):
        with pytest.raises(ApiError, match="400") as refusal:
            made.rows(f"SELECT n FROM p.d.{name}", project="q")
        assert "explicit project IDs" in refusal.value.message
        assert made.rows(f"SELECT n FROM d.{name}") == [(7,)]


def test_a_view_that_cannot_be_written_down_leaves_nothing(
    made: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise duckdb.IOException("no space left on device")

    with monkeypatch.context() as broken, pytest.raises(duckdb.IOException):
        broken.setattr(Catalog, "save_table", fails)
        made.make("v", "SELECT n FROM d.t")
    with made.database.reading() as cursor:
        left = cursor.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert left == []
    made.make("v", "SELECT n FROM d.t")
    assert made.rows("SELECT n FROM d.v") == [(7,)]


def test_a_view_is_there_for_any_duckdb_when_the_sandbox_is_stopped(
    made: Views, tmp_path: Path
) -> None:
    made.make("v", "SELECT n, IF(n > 5, 'many', 'few') AS word FROM d.t")
    made.make("outer_view", "WITH t AS (SELECT word FROM d.v) SELECT word FROM t")
    made.database.close()
    with duckdb.connect(str(tmp_path / "warehouse" / "warehouse.duckdb")) as connection:
        assert connection.execute("FROM d.outer_view").fetchall() == [("many",)]


VIEW = {"query": "SELECT 1 AS n", "useLegacySql": False}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"view": {"query": "SELECT 1 AS n"}}, "legacy SQL"),
        ({"view": VIEW | {"useLegacySql": True}}, "legacy SQL"),
        ({"view": VIEW | {"userDefinedFunctionResources": [{}]}}, "userDefinedFunctionResources"),
        ({"view": VIEW, "materializedView": {"query": "SELECT 1"}}, "materializedView"),
        ({"materializedView": {"query": "SELECT 1"}}, "materializedView"),
        ({"view": VIEW, "timePartitioning": {"type": "DAY"}}, "timePartitioning"),
        ({"view": VIEW, "clustering": {"fields": ["n"]}}, "clustering"),
        ({"view": VIEW, "expirationTime": "1"}, "expirationTime"),
        ({"view": VIEW | {"query": "SELECT [1] AS n"}}, "REPEATED"),
        ({"view": VIEW | {"query": "CREATE TABLE d.t AS SELECT 1"}}, "CREATE TABLE"),
    ],
)
def test_a_view_outside_the_slice_is_refused_by_name(
    place: Place, body: dict[str, Any], named: str
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        call(place, "POST", "", body | {"tableReference": {"tableId": "v"}})


def test_a_view_without_a_query_is_a_bad_request(place: Place) -> None:
    for view in ({}, {"query": ""}, {"query": 5}, [], {"query": None, "useLegacySql": False}):
        with pytest.raises(exceptions.BadRequest):
            call(place, "POST", "", {"tableReference": {"tableId": "v"}, "view": view})
    call(place, "POST", "", {"tableReference": {"tableId": "v"}, "view": VIEW})
    for method, body in (("PATCH", {"view": None}), ("PUT", {"description": "no query"})):
        with pytest.raises(exceptions.BadRequest, match=r"view\.query"):
            call(place, method, "/v", body)


def test_a_replaced_view_keeps_only_what_the_request_says(place: Place) -> None:
    call(
        place, "POST", "", {"tableReference": {"tableId": "v"}, "view": VIEW, "labels": {"a": "b"}}
    )
    replaced = call(place, "PUT", "/v", {"view": VIEW, "description": "one", "schema": NUMBER})
    assert ("labels" in replaced, replaced["description"]) == (False, "one")
    assert replaced["schema"]["fields"][0]["description"] == "a number"
    other = {"query": "SELECT 2 AS n"}
    with pytest.raises(exceptions.MethodNotImplemented, match="new query and a new schema"):
        call(place, "PATCH", "/v", {"view": other, "schema": NUMBER})
    patched = call(place, "PATCH", "/v", {"view": other})
    assert (patched["view"], patched["description"]) == (VIEW | other, "one")
    assert "description" not in patched["schema"]["fields"][0]


def test_a_table_does_not_become_a_view(place: Place) -> None:
    call(place, "POST", "", {"tableReference": {"tableId": "t"}, "schema": NUMBER})
    with pytest.raises(exceptions.MethodNotImplemented, match="view"):
        call(place, "PATCH", "/t", {"view": VIEW})


def call(place: Place, method: str, path: str, body: dict[str, Any]) -> Any:
    path = f"/projects/{place.client.project}/datasets/{place.name}/tables{path}"
    return place.client._call_api(None, method=method, path=path, data=body, timeout=TIMEOUT)
