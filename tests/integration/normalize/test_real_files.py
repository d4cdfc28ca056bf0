"""Real months: every value of the canonical file is the raw file's, as DuckDB reads both."""

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pipeline.core.months import SERVICES, TripMonth
from pipeline.normalize.rewrite import rewrite_month
from pipeline.normalize.target import CanonicalMonthTarget
from pipeline.schemas import service_schema

REAL_FILES = {
    "green_tripdata_2021-01.parquet": 76_518,
    "green_tripdata_2022-01.parquet": 62_495,
    "green_tripdata_2023-01.parquet": 68_211,
    "green_tripdata_2023-02.parquet": 64_809,
    "green_tripdata_2024-01.parquet": 56_551,
    "resaved/green_tripdata_2025-11.parquet": 46_912,
}
RULES_IN_SQL = {
    "licence": "upper(trim({}))",
    "flag": "nullif({}, ' ')",
    "coordinate": "nullif({}, 0)",
}
SQL_TYPES = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR", "datetime": "TIMESTAMP"}


@pytest.mark.parametrize(("name", "rows"), REAL_FILES.items())
def test_a_published_month_is_kept_whole_and_exactly(name, rows, shared_tlc, leave_raw, data_dir):
    month = TripMonth.parse("green", name[-15:-8])
    raw = leave_raw((shared_tlc / name).read_bytes(), month)
    target = CanonicalMonthTarget(month, data_dir)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    assert (record.source_rows, record.rows_kept, record.rows_quarantined) == (rows, rows, 0)
    assert_same_values(raw.path, target)


@pytest.mark.parametrize("service", SERVICES)
def test_real_trips_of_every_service_are_kept_exactly(service, shared_tlc, leave_raw, data_dir):
    month = TripMonth(service, 2020, 4)
    table = sample_of(month, shared_tlc / "csv" / f"{service}_tripdata_sample_2020-04.csv")
    raw = leave_raw(table, month)
    target = CanonicalMonthTarget(month, data_dir)
    assert rewrite_month(raw.provenance(), raw.path, target).provenance.rows_kept == 1000
    assert_same_values(raw.path, target)


def test_the_footer_tells_where_the_month_is_from_and_what_is_odd(shared_tlc, leave_raw, target):
    content = (shared_tlc / "green_tripdata_2021-01.parquet").read_bytes()
    raw = leave_raw(content, target.month)
    record = rewrite_month(raw.provenance(), raw.path, target).provenance
    footer = pq.read_metadata(target.path).metadata
    assert target.provenance() == record
    assert record.source_bytes == len(content)
    odd = {key: int(value) for key, value in footer.items() if key.startswith(b"tlc_audit_")}
    assert odd == {
        b"tlc_audit_absurd_distance": 63,
        b"tlc_audit_dropoff_before_pickup": 0,
        b"tlc_audit_duplicate_rows": 0,
        b"tlc_audit_missing_pickup": 0,
        b"tlc_audit_missing_zone": 0,
        b"tlc_audit_negative_fare": 134,
        b"tlc_audit_negative_total": 134,
        b"tlc_audit_not_finite": 0,
        b"tlc_audit_outside_month": 3,
        b"tlc_audit_unknown_zone": 747,
    }


def sample_of(month, path):
    schema = service_schema(month.service).era(month).file_schema(month)
    types = {field.name: field.type for field in schema if not pa.types.is_null(field.type)}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    read = pa.csv.read_csv(path, convert_options=options)
    columns = {f.name: read[f.name].cast(f.type) for f in schema if f.name in read.column_names}
    return pa.table({f.name: columns.get(f.name, pa.nulls(len(read), f.type)) for f in schema})


def assert_same_values(raw_path, target):
    """Compare count, nulls, minimum, maximum and sum of each column, then every single value."""
    month = target.month
    schema = service_schema(month.service)
    published = pq.read_schema(raw_path).names
    for column in schema.columns[1:]:
        raw_name = next((name for name in published if column.matches(name)), None)
        in_raw = f'"{raw_name}"' if raw_name else "NULL"
        value = f"CAST({in_raw} AS {SQL_TYPES[column.kind]})"
        rule = RULES_IN_SQL[column.rule.name] if column.rule else "{}"
        raw = f"SELECT {rule.format(value)} AS v FROM '{raw_path}'"
        ours = f"SELECT \"{column.name}\" AS v FROM '{target.path}'"
        assert profile(ours, column.kind) == profile(raw, column.kind), column.name
        differing = f"""
            SELECT count(*) FROM (SELECT v AS raw_v FROM ({raw})) POSITIONAL JOIN ({ours})
            WHERE raw_v IS DISTINCT FROM v"""
        assert duckdb.sql(differing).fetchall() == [(0,)], column.name
    assert_one_source_month(target)


def profile(relation, kind):
    # Decimals, so that the sum does not depend on the order of its terms.
    total = {"int64": "v", "float64": "v::DECIMAL(38, 9)"}.get(kind, "hash(v)::HUGEINT")
    query = f"SELECT count(*), count(v), min(v), max(v), sum({total}) FROM ({relation})"
    return duckdb.sql(query).fetchall()


def assert_one_source_month(target):
    found = duckdb.sql(f"SELECT DISTINCT source_month FROM '{target.path}'").fetchall()
    assert found == [(target.month.first_day,)]
