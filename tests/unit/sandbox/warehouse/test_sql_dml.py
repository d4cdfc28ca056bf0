"""INSERT, UPDATE, DELETE, MERGE and TRUNCATE TABLE."""

import pytest
from support.googlesql import Warehouse

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.sql import TableRef


@pytest.fixture
def warehouse() -> Warehouse:
    warehouse = Warehouse()
    warehouse.connection.execute("""
        CREATE TABLE ds.t (a BIGINT, s VARCHAR, f DOUBLE, d DATE);
        INSERT INTO ds.t VALUES (1, 'x', 1.5, '2021-01-01'), (2, NULL, 2.5, '2021-01-31')""")
    return warehouse


CHANGES = [
    ("INSERT", "INSERT INTO t (a, s) VALUES (3, 'z'), (4, NULL)", ["1 x", "2 -", "3 z", "4 -"]),
    ("INSERT", "INSERT ds.t VALUES (3, 'z', 1, '2021-01-01')", ["1 x", "2 -", "3 z"]),
    ("INSERT", "INSERT INTO t (s, a) SELECT 'c', a + 10 FROM t", ["1 x", "2 -", "11 c", "12 c"]),
    ("INSERT", "INSERT INTO t SELECT a + 5, s, a, d FROM t", ["1 x", "2 -", "6 x", "7 -"]),
    ("INSERT", "INSERT t (a) WITH q AS (SELECT 3 AS n) SELECT n FROM q", ["1 x", "2 -", "3 -"]),
    ("UPDATE", "UPDATE t SET s = 'y', f = a WHERE a = 2", ["1 x", "2 y"]),
    ("UPDATE", "UPDATE ds.t SET a = a + 1 WHERE TRUE", ["2 x", "3 -"]),
    ("UPDATE", "UPDATE t SET s = u.s FROM (SELECT 2 AS a, 'q' AS s) AS u WHERE t.a = u.a",
     ["1 x", "2 q"]),
    ("DELETE", "DELETE FROM ds.t AS q WHERE q.a = 1", ["2 -"]),
    ("DELETE", "DELETE t WHERE a IN (SELECT MAX(a) FROM t)", ["1 x"]),
    ("TRUNCATE_TABLE", "TRUNCATE TABLE ds.t", []),
    ("MERGE", """MERGE ds.t AS t USING (SELECT 1 AS a, 'm' AS s UNION ALL SELECT 9, 'n') AS q
     ON t.a = q.a WHEN MATCHED THEN UPDATE SET s = q.s
     WHEN NOT MATCHED THEN INSERT (a, s) VALUES (q.a, q.s)""", ["1 m", "2 -", "9 n"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "sql", "rows"), CHANGES, ids=[case[1] for case in CHANGES])
def test_a_statement_changes_its_target(
    warehouse: Warehouse, kind: str, sql: str, rows: list[str]
) -> None:
    statement = warehouse.compile(sql)
    warehouse.run(sql)
    left = warehouse.connection.execute(
        "SELECT a || ' ' || coalesce(s, '-') FROM ds.t ORDER BY a"
    ).fetchall()
    assert [row for (row,) in left] == rows
    assert statement.kind == kind
    assert statement.target is not None
    assert statement.target[1:] == TableRef("proj", "ds", "t")[1:]


REFUSED = [
    ("INSERT INTO t (a) VALUES (1.5)", "cannot be assigned to a"),
    ("INSERT INTO t (a) SELECT 1.5", "cannot be assigned to a"),
    ("INSERT INTO t (s) SELECT a FROM t", "cannot be assigned to s"),
    ("INSERT INTO t (a) VALUES ('1')", "cannot be assigned to a"),
    ("INSERT INTO t (d) VALUES (DATETIME '2021-01-01 00:00:00')", "cannot be assigned to d"),
    ("INSERT INTO t (a, s) VALUES (1)", "wrong column count; Has 1, expected 2"),
    ("INSERT INTO t VALUES (1)", "wrong column count; Has 1, expected 4"),
    ("INSERT INTO t (nope) VALUES (1)", "nope"),
    ("UPDATE t SET a = f WHERE TRUE", "cannot be assigned to a"),
    ("UPDATE t SET nope = 1 WHERE TRUE", "nope"),
]


@pytest.mark.parametrize(("sql", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_value_that_its_column_does_not_take_is_refused(
    warehouse: Warehouse, sql: str, words: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        warehouse.run(sql)
    assert (refusal.value.status_code, words in refusal.value.message) == (400, True)
    assert warehouse.query("SELECT COUNT(*), SUM(a) FROM t")[1] == [["2", "3"]]


def test_a_table_that_is_not_there_cannot_be_changed(warehouse: Warehouse) -> None:
    with pytest.raises(ApiError, match="404"):
        warehouse.compile("DELETE FROM ds.nope WHERE TRUE")
