"""What every function means, against BigQuery's documented answers."""

import pytest
from support.googlesql import Warehouse

from pipeline.sandbox.http import ApiError

INT, FLOAT, TEXT, BOOL = "INTEGER", "FLOAT", "STRING", "BOOLEAN"

NUMBERS = [
    ("1 / 2", FLOAT, "0.5"),
    ("4 / 2", FLOAT, "2.0"),
    ("DIV(7, 2)", INT, "3"),
    ("DIV(-7, 2)", INT, "-3"),
    ("MOD(7, 3)", INT, "1"),
    ("MOD(-7, 3)", INT, "-1"),
    ("SAFE_DIVIDE(1, 0)", FLOAT, None),
    ("SAFE_DIVIDE(6, 4)", FLOAT, "1.5"),
    ("ROUND(2.5)", FLOAT, "3.0"),
    ("ROUND(-2.5)", FLOAT, "-3.0"),
    ("ROUND(3)", FLOAT, "3.0"),
    ("ROUND(123.456, 2)", FLOAT, "123.46"),
    ("ROUND(1234.0, -2)", FLOAT, "1200.0"),
    ("TRUNC(2.7)", FLOAT, "2.0"),
    ("CEIL(2)", FLOAT, "2.0"),
    ("FLOOR(-2.5)", FLOAT, "-3.0"),
    ("ABS(-3)", INT, "3"),
    ("SIGN(-3)", INT, "-1"),
    ("SIGN(-3.5)", FLOAT, "-1.0"),
    ("SQRT(9)", FLOAT, "3.0"),
    ("POW(2, 3)", FLOAT, "8.0"),
    ("GREATEST(1, 3, 2)", INT, "3"),
    ("GREATEST(1, NULL)", INT, None),
    ("LEAST(1.5, 2)", FLOAT, "1.5"),
    ("1.5 + 1", FLOAT, "2.5"),
    ("0.1 + 0.2", FLOAT, "0.30000000000000004"),
    ("2147483647 + 1", INT, "2147483648"),
    ("-9223372036854775808", INT, "-9223372036854775808"),
    ("SAFE_ADD(9223372036854775807, 1)", INT, None),
    ("NUMERIC '1.50' + NUMERIC '1'", "NUMERIC", "2.5"),
    ("ROUND(2.5, 0)", FLOAT, "3.0"),
    ("IS_NAN(CAST('nan' AS FLOAT64))", BOOL, "true"),
    ("CAST('inf' AS FLOAT64)", FLOAT, "Infinity"),
    ("CAST('nan' AS FLOAT64)", FLOAT, "NaN"),
]
CASTS = [
    ("CAST(2.5 AS INT64)", INT, "3"),
    ("CAST(-2.5 AS INT64)", INT, "-3"),
    ("CAST('12' AS INT64)", INT, "12"),
    ("SAFE_CAST('1.5' AS INT64)", INT, None),
    ("SAFE_CAST('x' AS FLOAT64)", FLOAT, None),
    ("SAFE_CAST('2021-02-30' AS DATE)", "DATE", None),
    ("SAFE_CAST('yes' AS BOOL)", BOOL, None),
    ("CAST('TRUE' AS BOOL)", BOOL, "true"),
    ("CAST(TRUE AS INT64)", INT, "1"),
    ("CAST(1.0 AS STRING)", TEXT, "1"),
    ("CAST(0.1 AS STRING)", TEXT, "0.1"),
    ("CAST(1e20 AS STRING)", TEXT, "1e+20"),
    ("CAST(TRUE AS STRING)", TEXT, "true"),
    ("CAST(12 AS STRING)", TEXT, "12"),
    ("CAST(DATE '2021-01-02' AS STRING)", TEXT, "2021-01-02"),
    ("CAST(DATETIME '2021-01-02 03:04:05' AS STRING)", TEXT, "2021-01-02 03:04:05"),
    ("CAST(DATETIME '2021-01-02 03:04:05.5' AS STRING)", TEXT, "2021-01-02 03:04:05.500"),
    ("CAST(DATETIME '2021-01-02 03:04:05.1234' AS STRING)", TEXT, "2021-01-02 03:04:05.123400"),
    ("CAST(TIMESTAMP '2021-01-02 03:04:05+00' AS STRING)", TEXT, "2021-01-02 03:04:05+00"),
    ("CAST(TIMESTAMP '2021-01-02 03:04:05.25+00' AS STRING)", TEXT, "2021-01-02 03:04:05.250+00"),
    ("CAST(NUMERIC '1.50' AS STRING)", TEXT, "1.5"),
    ("CAST(NUMERIC '100' AS STRING)", TEXT, "100"),
    ("CAST(NUMERIC '2.5' AS INT64)", INT, "3"),
    ("CAST('2021-01-02' AS DATE)", "DATE", "2021-01-02"),
    ("CAST(DATE '2021-01-02' AS DATETIME)", "DATETIME", "2021-01-02T00:00:00"),
    ("CAST(NULL AS INT64)", INT, None),
]
CONDITIONS = [
    ("IFNULL(NULL, 2)", INT, "2"),
    ("COALESCE(NULL, NULL, 'c')", TEXT, "c"),
    ("NULLIF(1, 1)", INT, None),
    ("IF(1 > 2, 'a', 'b')", TEXT, "b"),
    ("IF(NULL, 'a', 'b')", TEXT, "b"),
    ("CASE WHEN 1 = 1 THEN 'x' ELSE 'y' END", TEXT, "x"),
    ("CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END", TEXT, "y"),
    ("2 BETWEEN 1 AND 3", BOOL, "true"),
    ("1 IN (1, 2)", BOOL, "true"),
    ("1 NOT IN (1, 2)", BOOL, "false"),
    ("1 IN UNNEST([1, 2])", BOOL, "true"),
    ("3 NOT IN UNNEST([1, 2])", BOOL, "true"),
    ("1 IS NOT NULL", BOOL, "true"),
    ("NULL IS DISTINCT FROM 1", BOOL, "true"),
    ("EXISTS (SELECT 1)", BOOL, "true"),
    ("'a_b' LIKE 'a\\\\_b'", BOOL, "true"),
    ("'axb' LIKE 'a\\\\_b'", BOOL, "false"),
    ("'axb' NOT LIKE 'a%'", BOOL, "false"),
]
STRINGS = [
    ("CONCAT('a', 'b', 'c')", TEXT, "abc"),
    ("CONCAT('a', CAST(NULL AS STRING))", TEXT, None),
    ("'a' || 'b'", TEXT, "ab"),
    ("SUBSTR('apple', 2)", TEXT, "pple"),
    ("SUBSTR('apple', 2, 2)", TEXT, "pp"),
    ("SUBSTR('apple', -2)", TEXT, "le"),
    ("SUBSTR('apple', 0, 2)", TEXT, "ap"),
    ("SUBSTR('apple', -9, 2)", TEXT, "ap"),
    ("SUBSTR('apple', 9)", TEXT, ""),
    ("LENGTH('né')", INT, "2"),
    ("BYTE_LENGTH('né')", INT, "3"),
    ("REGEXP_CONTAINS('abc', r'b.')", BOOL, "true"),
    ("REGEXP_EXTRACT('abc', r'b(.)')", TEXT, "c"),
    ("REGEXP_EXTRACT('abc', r'b')", TEXT, "b"),
    ("REGEXP_EXTRACT('abc', r'x(.)')", TEXT, None),
    ("REGEXP_EXTRACT('a1b2', '\\\\d')", TEXT, "1"),
    ("REGEXP_EXTRACT_ALL('a1b2', r'\\d')", TEXT, ["1", "2"]),
    ("REGEXP_REPLACE('banana', r'an', 'o')", TEXT, "booa"),
    ("REGEXP_REPLACE('abc', r'(b)', r'<\\1>')", TEXT, "a<b>c"),
    ("STARTS_WITH('abc', 'ab')", BOOL, "true"),
    ("ENDS_WITH('abc', 'ab')", BOOL, "false"),
    ("LOWER('ABC')", TEXT, "abc"),
    ("UPPER('abc')", TEXT, "ABC"),
    ("TRIM('\\t a b \\n')", TEXT, "a b"),
    ("TRIM('xxaxx', 'x')", TEXT, "a"),
    ("LTRIM('  a ')", TEXT, "a "),
    ("RTRIM(' a  ')", TEXT, " a"),
    ("LPAD('7', 3, '0')", TEXT, "007"),
    ("LPAD('abcd', 2)", TEXT, "ab"),
    ("RPAD('a', 3)", TEXT, "a  "),
    ("REPLACE('abc', '', 'x')", TEXT, "abc"),
    ("STRPOS('abc', 'c')", INT, "3"),
    ("SPLIT('a,b')", TEXT, ["a", "b"]),
    ("SPLIT('', ',')", TEXT, [""]),
    ("SPLIT('a|b', '|')[OFFSET(1)]", TEXT, "b"),
    ("LEFT('abc', 2)", TEXT, "ab"),
    ("REPEAT('ab', 2)", TEXT, "abab"),
    ("REVERSE('abc')", TEXT, "cba"),
    ("TO_HEX(MD5('a'))", TEXT, "0cc175b9c0f1b6a831c399e269772661"),
    ("MD5('a')", "BYTES", "DMF1ucDxtqgxw5niaXcmYQ=="),
    (
        "TO_HEX(SHA256('a'))",
        TEXT,
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    ),
    (r"'it\'s \x41\u00e9'", TEXT, "it's Aé"),
    ("'''a\"b'''", TEXT, 'a"b'),
]
ARRAYS = [
    ("GENERATE_ARRAY(1, 5, 2)", INT, ["1", "3", "5"]),
    ("GENERATE_ARRAY(3, 1)", INT, []),
    ("[1, 2, 3][OFFSET(0)]", INT, "1"),
    ("[1, 2, 3][ORDINAL(1)]", INT, "1"),
    ("[1, 2, 3][SAFE_OFFSET(3)]", INT, None),
    ("[1, 2, 3][SAFE_OFFSET(-1)]", INT, None),
    ("[1, 2, 3][SAFE_ORDINAL(3)]", INT, "3"),
    ("[1, 2, 3][1]", INT, "2"),
    ("ARRAY_LENGTH([1, 2])", INT, "2"),
    ("ARRAY_LENGTH(ARRAY(SELECT 1 AS x FROM UNNEST([1]) WHERE FALSE))", INT, "0"),
    ("ARRAY_TO_STRING(['a', NULL, 'b'], ',')", TEXT, "a,b"),
    ("ARRAY_CONCAT([1], [2])", INT, ["1", "2"]),
    ("ARRAY_REVERSE([1, 2])", INT, ["2", "1"]),
    ("ARRAY<INT64>[]", INT, []),
    ("[1.5, 2]", FLOAT, ["1.5", "2.0"]),
    (
        "GENERATE_DATE_ARRAY('2021-01-31', '2021-04-30', INTERVAL 1 MONTH)",
        "DATE",
        ["2021-01-31", "2021-02-28", "2021-03-31", "2021-04-30"],
    ),
    (
        "GENERATE_DATE_ARRAY('2021-01-01', '2021-01-03')",
        "DATE",
        ["2021-01-01", "2021-01-02", "2021-01-03"],
    ),
    ("GENERATE_DATE_ARRAY('2021-01-01', '2020-01-03')", "DATE", []),
]
ALL = NUMBERS + CASTS + CONDITIONS + STRINGS + ARRAYS


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.mark.parametrize(("sql", "type_", "expected"), ALL, ids=[case[0] for case in ALL])
def test_an_expression_answers_as_in_bigquery(
    warehouse: Warehouse, sql: str, type_: str, expected: object
) -> None:
    assert warehouse.value(sql) == (type_, expected)


ERRORS = [
    ("1 / 0", 400, "division by zero"),
    ("1.5 / 0", 400, "division by zero"),
    ("DIV(1, 0)", 400, "division by zero"),
    ("MOD(1, 0)", 400, "division by zero"),
    ("9223372036854775807 + 1", 400, "int64 overflow"),
    ("9223372036854775808", 400, "Invalid integer literal"),
    ("CAST('1.5' AS INT64)", 400, "Bad int64 value: 1.5"),
    ("CAST('yes' AS BOOL)", 400, "Bad bool value: yes"),
    ("SQRT(-1)", 400, "SQRT"),
    ("LN(0)", 400, "LN"),
    ("SUBSTR('abc', 1, -1)", 400, "negative"),
    ("[1, 2][OFFSET(2)]", 400, "out of bounds"),
    ("REGEXP_EXTRACT('abc', r'(a)(b)')", 400, "capturing group"),
    ("FOO(1)", 400, "Function not found: FOO at [1:8]"),
    ("LOWER('a', 'b')", 400, "Number of arguments does not match for function LOWER"),
    ("ROW_NUMBER()", 400, "OVER"),
    ("[1, NULL]", 400, "Array cannot have a null element"),
    ("DATE '2021-02-30'", 400, "2021-02-30"),
    ("TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 MONTH)", 400, "MONTH"),
    ("FARM_FINGERPRINT('a')", 501, "FARM_FINGERPRINT"),
    ("APPROX_QUANTILES(1, 2)", 501, "APPROX_QUANTILES"),
    ("FORMAT('%d', 1)", 501, "FORMAT"),
    ("SAFE.SUBSTR('a', 1)", 501, "SafeFunc"),
    ("STRUCT(1 AS a)", 501, "STRUCT"),
    ("b'abc'", 501, "ByteString"),
    ("1 << 2", 501, "BitwiseLeftShift"),
    ("CAST(1 AS STRING FORMAT '9')", 501, "FORMAT"),
    ("CAST('1' AS BIGNUMERIC)", 501, "BIGNUMERIC"),
    ("NUMERIC '1' / NUMERIC '3'", 501, "NUMERIC"),
    ("DATE '2021-01-02' - DATE '2021-01-01'", 501, "DATE_DIFF"),
    ("FORMAT_DATE('%Q', DATE '2021-01-01')", 501, "%Q"),
    ("PARSE_DATE('%m-%d', '01-02')", 501, "year"),
    ("EXTRACT(TIME FROM CURRENT_TIMESTAMP())", 501, "TIME"),
    ("AVG(NUMERIC '1')", 501, "NUMERIC"),
    ("JSON '{}'", 501, "ParseJSON"),
]


@pytest.mark.parametrize(("sql", "status", "words"), ERRORS, ids=[case[0] for case in ERRORS])
def test_an_expression_is_refused_in_words(
    warehouse: Warehouse, sql: str, status: int, words: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        warehouse.value(sql)
    assert (refusal.value.status_code, words in refusal.value.message) == (
        status,
        True,
    ), refusal.value.message
