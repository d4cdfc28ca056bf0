"""The declared eras say of every month's file what was seen, told a second time."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.eras.published import columns, form
from support.eras.rows import MONTHS, ODD
from support.months import months

from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.schemas import service_schema


def months_of(service):
    return months(service, f"{FIRST_MONTHS[service]:%Y-%m}..")


@pytest.mark.parametrize("service", SERVICES)
def test_the_eras_tell_every_months_columns_their_order_and_types(service):
    for month in months_of(service):
        declared = service_schema(service).era(month).file_schema(month)
        seen = columns(service, month.key)
        assert declared == pa.schema([(n, pa.type_for_alias(t)) for n, t in seen.items()]), month


@pytest.mark.parametrize("service", SERVICES)
def test_the_eras_tell_how_every_months_file_is_written(service):
    for month in months_of(service):
        era = service_schema(service).era(month)
        seen = form(month.key)
        assert (era.compression, era.statistics) == (*seen.values(),), month


@pytest.mark.parametrize("service", SERVICES)
def test_a_month_of_every_era_is_made_for_the_tests(service):
    made = [TripMonth.parse(service, key) for key in MONTHS[service]]
    eras = service_schema(service).eras
    assert [era.name for era in eras if not any(map(era.covers, made))] == []


def test_the_odd_rows_are_in_months_that_are_made():
    assert [key for service, key in ODD if key not in MONTHS[service]] == []


REAL = (
    *("green_tripdata_2021-01", "green_tripdata_2022-01", "green_tripdata_2023-01"),
    *("green_tripdata_2023-02", "green_tripdata_2024-01"),
    "footers/yellow_tripdata_2024-04.footer_only",
)


@pytest.mark.parametrize("name", REAL)
def test_what_is_told_here_is_so_in_real_files(name, shared_tlc):
    path = shared_tlc / f"{name}.parquet"
    service, _, key = path.name[:-8].removesuffix(".footer_only").split("_")
    real = pq.read_schema(path)
    told = [(n, pa.type_for_alias(kind)) for n, kind in columns(service, key).items()]
    assert [(field.name, field.type) for field in real] == told
    column = pq.read_metadata(path).row_group(0).column(0)
    seen = {"compression": column.compression.lower(), "write_statistics": column.is_stats_set}
    assert seen == form(key)
