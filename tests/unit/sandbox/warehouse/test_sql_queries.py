"""Whole statements: names, clauses, tables and what is refused."""

import pytest
from support.googlesql import Warehouse

from pipeline.sandbox.http import ApiError
from pipeline.sandbox.warehouse.sql import TableRef, compile_statement

LEDGER = """
WITH ledger AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY service, month ORDER BY loaded_at DESC) AS n
  FROM `proj.ds._loads`)
SELECT ledger.* EXCEPT (n), p.total_rows AS partition_rows, p.last_modified_time
FROM ledger LEFT JOIN `proj.ds.INFORMATION_SCHEMA.PARTITIONS` AS p
ON p.table_name = CONCAT(ledger.service, '_trips')
AND p.partition_id = FORMAT_DATE('%Y%m', ledger.month)
WHERE n = 1"""


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    warehouse = Warehouse()
    warehouse.connection.execute("""
        CREATE TABLE ds.t (a BIGINT, s VARCHAR, f DOUBLE, d DATE);
        INSERT INTO ds.t VALUES (1, 'x', 1.5, '2021-01-01'), (2, NULL, 2.5, '2021-01-31'),
          (3, 'y', NULL, '2021-02-01');
        CREATE TABLE ds._loads (service VARCHAR, month DATE, loaded_at TIMESTAMPTZ, kept BIGINT);
        INSERT INTO ds._loads VALUES ('yellow', '2021-01-01', '2021-02-01', 5),
          ('yellow', '2021-01-01', '2021-02-02', 7), ('green', '2021-01-01', '2021-02-02', 3)""")
    return warehouse


QUERIES = [
    ("SELECT a FROM ds.t ORDER BY a DESC LIMIT 2 OFFSET 1", [["2"], ["1"]]),
    ("SELECT t.a FROM ds.t WHERE t.s = 'x'", [["1"]]),
    ("SELECT a FROM t WHERE a = 1", [["1"]]),
    ("SELECT a FROM `proj.ds.t` WHERE a = 1", [["1"]]),
    ("SELECT a FROM `proj`.ds.t WHERE a = 1", [["1"]]),
    ("SELECT a FROM `proj.ds`.t AS u WHERE u.a = 1", [["1"]]),
    ("SELECT total_rows FROM ds.INFORMATION_SCHEMA.PARTITIONS", [["7"]]),
    ("SELECT total_rows FROM `proj.ds`.INFORMATION_SCHEMA.PARTITIONS", [["7"]]),
    ("SELECT p.total_rows FROM `proj.ds.INFORMATION_SCHEMA.PARTITIONS` p", [["7"]]),
    ("SELECT s FROM t ORDER BY s", [[None], ["x"], ["y"]]),
    ("SELECT s FROM t ORDER BY s DESC", [["y"], ["x"], [None]]),
    ("SELECT s FROM t ORDER BY s NULLS LAST", [["x"], ["y"], [None]]),
    ("SELECT * EXCEPT (s, d) REPLACE (f * 2 AS f) FROM t WHERE a = 1", [["1", "3.0"]]),
    ("SELECT COUNT(*), COUNT(s), COUNT(DISTINCT s), COUNTIF(a > 1) FROM t", [["3", "2", "2", "2"]]),
    ("SELECT SUM(a), SUM(f), AVG(a), MIN(d), MAX(s) FROM t",
     [["6", "4.0", "2.0", "2021-01-01", "y"]]),
    ("SELECT SUM(a), COUNT(a), ARRAY_AGG(a) FROM t WHERE FALSE", [[None, "0", []]]),
    ("SELECT APPROX_COUNT_DISTINCT(d), LOGICAL_OR(a > 2), LOGICAL_AND(a > 2) FROM t",
     [["3", "true", "false"]]),
    ("SELECT ARRAY_AGG(s IGNORE NULLS ORDER BY a DESC LIMIT 1) FROM t", [[["y"]]]),
    ("SELECT STRING_AGG(s, '|' ORDER BY a DESC), STRING_AGG(DISTINCT s ORDER BY s) FROM t",
     [["y|x", "x,y"]]),
    ("SELECT STRING_AGG(DISTINCT s, '-' ORDER BY s) FROM t", [["x-y"]]),
    ("SELECT ANY_VALUE(a) FROM t WHERE a = 2", [["2"]]),
    ("SELECT SUM(f) / COUNT(*) FROM t WHERE f IS NOT NULL", [["2.0"]]),
    ("SELECT DATE_TRUNC(d, MONTH) AS d, COUNT(*) FROM t GROUP BY d ORDER BY d",
     [["2021-01-01", "2"], ["2021-02-01", "1"]]),
    ("SELECT d, COUNT(*) FROM t GROUP BY 1 ORDER BY 1 LIMIT 1", [["2021-01-01", "1"]]),
    ("SELECT a > 1 AS big, COUNT(*) AS n FROM t GROUP BY big HAVING n > 1", [["true", "2"]]),
    ("SELECT -a AS a FROM t ORDER BY a + 0", [["-3"], ["-2"], ["-1"]]),
    ("SELECT s, COUNT(*) FROM t WHERE s IS NOT NULL GROUP BY ROLLUP (s) ORDER BY s",
     [[None, "2"], ["x", "1"], ["y", "1"]]),
    ("SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a DESC) = 1", [["3"]]),
    ("SELECT a, SUM(a) OVER (ORDER BY a) FROM t ORDER BY a", [["1", "1"], ["2", "3"], ["3", "6"]]),
    ("SELECT SUM(a) OVER w FROM t WINDOW w AS (PARTITION BY s IS NULL) ORDER BY a",
     [["4"], ["2"], ["4"]]),
    ("SELECT LAG(a) OVER (ORDER BY a), LEAD(a, 1, 0) OVER (ORDER BY a) FROM t ORDER BY a",
     [[None, "2"], ["1", "3"], ["2", "0"]]),
    ("SELECT LAST_VALUE(s IGNORE NULLS) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
     " FROM t ORDER BY a",
     [["x"], ["x"], ["y"]]),
    ("SELECT COUNTIF(a > 1) OVER (), RANK() OVER (ORDER BY s) FROM t ORDER BY a",
     [["2", "2"], ["2", "1"], ["2", "3"]]),
    ("SELECT DISTINCT PERCENTILE_CONT(a, 0.25) OVER () FROM t", [["1.5"]]),
    ("SELECT 1 AS a UNION ALL SELECT 1 ORDER BY a", [["1"], ["1"]]),
    ("SELECT 1 AS a UNION DISTINCT SELECT 1", [["1"]]),
    ("SELECT a FROM t EXCEPT DISTINCT SELECT 1 ORDER BY a", [["2"], ["3"]]),
    ("SELECT DISTINCT s IS NULL AS missing FROM t ORDER BY missing", [["false"], ["true"]]),
    ("SELECT x, o FROM UNNEST(['p', 'q']) AS x WITH OFFSET AS o ORDER BY o",
     [["p", "0"], ["q", "1"]]),
    ("SELECT a, x FROM t, UNNEST(GENERATE_ARRAY(1, a)) AS x WHERE a < 3 ORDER BY a, x",
     [["1", "1"], ["2", "1"], ["2", "2"]]),
    ("SELECT a, x FROM t LEFT JOIN UNNEST([s]) AS x ON TRUE ORDER BY a LIMIT 1", [["1", "x"]]),
    ("SELECT ARRAY(SELECT a FROM t ORDER BY a DESC)", [[["3", "2", "1"]]]),
    ("SELECT (SELECT MAX(a) FROM t) AS m", [["3"]]),
    ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.a = t.a + 1) ORDER BY 1",
     [["1"], ["2"]]),
    ("SELECT a FROM t FULL JOIN (SELECT 5 AS a) USING (a) WHERE a > 3", [["5"]]),
    ("WITH t AS (SELECT 9 AS a) SELECT a FROM t", [["9"]]),
    ("WITH t AS (SELECT a FROM t WHERE a = 1), U AS (SELECT a FROM t) SELECT a FROM u", [["1"]]),
    ("SELECT x.f0_ FROM (SELECT 7) AS x", [["7"]]),
    ("SELECT a FROM t WHERE d BETWEEN '2021-01-15' AND '2021-01-31'", [["2"]]),
    ("SELECT a FROM t WHERE d IN ('2021-02-01', '2020-01-01')", [["3"]]),
    ("#standardSQL\nSELECT 1; -- done", [["1"]]),
    (LEDGER + " AND service = 'yellow'",
     [["yellow", "2021-01-01", "1612224000000000", "7", "7", "1612224000000000"]]),
    (LEDGER + " AND service = 'green'",
     [["green", "2021-01-01", "1612224000000000", "3", None, None]]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), QUERIES, ids=[case[0] for case in QUERIES])
def test_a_query_answers_as_in_bigquery(warehouse: Warehouse, sql: str, rows: object) -> None:
    assert warehouse.query(sql)[1] == rows


def test_columns_without_a_name_are_numbered(warehouse: Warehouse) -> None:
    fields, _ = warehouse.query("SELECT COUNT(*), MAX(a) AS top, t.s, 1 + 1 FROM t GROUP BY s")
    assert [field["name"] for field in fields] == ["f0_", "top", "s", "f1_"]


REFUSED = [
    ("SELECT a FROM nope", 404, "Not found: Table proj:ds.nope"),
    ("SELECT nope FROM t", 400, "Unrecognized name: nope"),
    ("SELECT t.nope FROM t", 400, "Name nope not found inside t"),
    ("SELECT a, COUNT(*) FROM t", 400, "neither grouped nor aggregated"),
    ("SELECT a FROM t AS x JOIN t AS y ON x.a = y.a", 400, "ambiguous"),
    ("SELECT * FROM t AS x JOIN t AS y ON x.a = y.a", 400, "Duplicate column names"),
    ("SELECT a AS x, f AS X FROM t", 400, "Duplicate column names"),
    ("SELEC 1", 400, "Syntax error: "),
    ("SELECT 1 +", 400, "Syntax error: Unexpected end of script at [1:11]"),
    ("SELECT a\nFROM t ) x", 400, 'Syntax error: Unexpected ")" at [2:8]'),
    ("SELECT 'abc", 400, "Syntax error: "),
    ("", 400, "Syntax error: "),
    ("SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x", 400, "int64 overflow"),
    ("SELECT (SELECT a FROM t)", 400, "more than one element"),
    ("SELECT ARRAY_AGG(s) FROM t", 400, "null element"),
    ("SELECT a = '1' FROM t", 400, "No matching signature"),
    ("SELECT s = 1 FROM t", 400, ""),
    ("SELECT a FROM t WHERE a IN ('x')", 400, "No matching signature"),
    ("SELECT a FROM `ds.t$202101`", 400, "partition decorators"),
    ("UPDATE t SET a = 1", 400, "UPDATE must have a WHERE clause"),
    ("DELETE FROM t", 400, "DELETE must have a WHERE clause"),
    ("SELECT @x", 400, "Query parameter 'x' not found"),
    ("SELECT ?", 400, "Query parameter number 1"),
    ("SELECT 1; SELECT 2", 501, "scripts"),
    ("DECLARE x INT64", 501, "DECLARE"),
    ("BEGIN TRANSACTION", 501, "BEGIN"),
    ("CREATE TABLE ds.x (a INT64)", 501, "CREATE TABLE"),
    ("DROP TABLE ds.t", 501, "DROP TABLE"),
    ("#legacySQL\nSELECT 1", 501, "legacy SQL"),
    ("SELECT * FROM `ds.t_*`", 501, "wildcard tables"),
    ("SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT)", 501, "sample"),
    ("SELECT * FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", 501, "version"),
    ("SELECT * FROM t PIVOT (SUM(a) FOR s IN ('x'))", 501, "pivot"),
    ("SELECT AS STRUCT 1 AS a", 501, "SELECT with kind"),
    ("WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x", 501, "RECURSIVE"),
    ("SELECT * FROM `region-us`.INFORMATION_SCHEMA.TABLES", 501, "region-us"),
    ("SELECT * FROM t NATURAL JOIN t AS u", 501, "NATURAL JOIN"),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, 400, "too complex"),
    ("SELECT INTERVAL 1 DAY", 501, "INTERVAL"),
    ("SELECT ANY_VALUE(a HAVING MAX f) FROM t", 501, "HAVING"),
]


@pytest.mark.parametrize(
    ("sql", "status", "words"), REFUSED, ids=[case[0][:60] for case in REFUSED]
)
def test_a_statement_is_refused_in_words(
    warehouse: Warehouse, sql: str, status: int, words: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        warehouse.query(sql)
    assert refusal.value.status_code == status, refusal.value.message
    assert words in refusal.value.message


def test_a_table_without_a_dataset_needs_a_default_one(warehouse: Warehouse) -> None:
    with pytest.raises(ApiError, match="400") as refusal:
        compile_statement("SELECT 1 FROM t", tables=warehouse, parameters=[], default_dataset=None)
    assert refusal.value.message == (
        'Table "t" must be qualified with a dataset (e.g. dataset.table).'
    )


def test_the_tables_that_are_read_are_told_once_each(warehouse: Warehouse) -> None:
    statement = warehouse.compile("SELECT 1 FROM t, proj.ds.t AS u, t AS v, ds._loads AS w")
    assert (statement.kind, statement.target) == ("SELECT", None)
    assert set(statement.references) == {
        TableRef("proj", "ds", "t"),
        TableRef(None, "ds", "_loads"),
    }
    assert len(statement.references) == 2


def test_a_sum_of_integers_is_stored_as_an_integer(warehouse: Warehouse) -> None:
    warehouse.run("SELECT SUM(a), SUM(a) OVER () FROM t GROUP BY a")
    assert [str(type_) for _, type_, *_ in warehouse.connection.description] == ["BIGINT"] * 2
