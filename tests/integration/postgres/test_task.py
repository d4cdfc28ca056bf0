"""``LoadMonthToPostgres`` as a user runs it, on the sandbox as it comes."""

import pytest
from support.postgres import copied_cluster

from pipeline.connections.postgres import Database, engine
from pipeline.sandbox.lifecycle import postgres_home
from pipeline.sandbox.postgres import lifecycle

MONTH = ("--year", 2021, "--month", 1)
ROWS = 2000


def count(workspace, sql):
    server = lifecycle.find(postgres_home(workspace.data / "sandbox"))
    password = f"file:{server.password_file}"
    database = Database(server.host, server.port, server.user, "nyc_tlc", password, "disable")
    with engine(database).begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


@pytest.fixture
def with_cluster(workspace, empty_cluster):
    """A workspace whose sandbox has a PostgreSQL that never ran: to make one waits for the disk."""
    home = postgres_home(workspace.data / "sandbox")
    home.parent.mkdir(parents=True)
    copied_cluster(empty_cluster, home)
    return workspace


def test_the_command_loads_a_month_once_and_status_tells_of_it(with_cluster):
    workspace = with_cluster
    first = workspace.load(*MONTH, task="LoadMonthToPostgres")
    assert first.returncode == 0, first.stderr
    assert "yellow 2021-01: loaded 2,000 rows in yellow_trips_202101" in first.stderr
    sql = "SELECT count(*) FROM yellow_trips WHERE source_month = '2021-01-01'"
    assert count(workspace, sql) == [(ROWS,)]
    again = workspace.load(*MONTH, task="LoadMonthToPostgres")
    assert again.returncode == 0, again.stderr
    assert "loaded" not in again.stderr
    assert count(workspace, "SELECT rows_kept FROM _loads") == [(ROWS,)]
    [state] = workspace.status()
    assert (state["postgres"], state["bigquery"], state["lake"]) == ("loaded", None, None)
    assert (state["rows_kept"], state["local"]) == (ROWS, "canonical")
    assert state["when"] is not None
    table = workspace.run("tlc", "status", "--months")
    assert table.stdout.split()[:4] == ["month", "bigquery", "postgres", "lake"]


def test_a_month_that_cannot_be_ends_before_anything_is_asked(workspace):
    done = workspace.load("--year", 2021, "--month", 13, task="LoadMonthToPostgres")
    assert done.returncode == 35
    assert "no such month; seen: 2021-13" in done.stderr
    assert workspace.sandbox is None
