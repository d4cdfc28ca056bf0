"""The declared eras, against what is known of TLC's files month by month."""

from itertools import pairwise

import pyarrow as pa
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.months import SERVICES, TripMonth
from pipeline.schemas import service_schema

YELLOW = """
    VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance RatecodeID
    store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax tip_amount
    tolls_amount improvement_surcharge total_amount congestion_surcharge
"""
GREEN = """
    VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID PULocationID
    DOLocationID passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount
    ehail_fee improvement_surcharge total_amount payment_type trip_type congestion_surcharge
"""
FHV = """
    dispatching_base_num pickup_datetime dropOff_datetime PUlocationID DOlocationID SR_Flag
    Affiliated_base_number
"""
FHVHV = """
    hvfhs_license_num dispatching_base_num originating_base_num request_datetime on_scene_datetime
    pickup_datetime dropoff_datetime PULocationID DOLocationID trip_miles trip_time
    base_passenger_fare tolls bcf sales_tax congestion_surcharge airport_fee tips driver_pay
    shared_request_flag shared_match_flag access_a_ride_flag wav_request_flag wav_match_flag
"""


def file_schema(service: str, key: str) -> pa.Schema:
    month = TripMonth.parse(service, key)
    return service_schema(service).era(month).file_schema(month)


@pytest.mark.parametrize(
    ("service", "key", "names"),
    [
        ("yellow", "2019-01", YELLOW + "airport_fee"),
        ("yellow", "2023-01", YELLOW + "airport_fee"),
        ("yellow", "2023-02", YELLOW + "Airport_fee"),
        ("yellow", "2024-12", YELLOW + "Airport_fee"),
        ("yellow", "2025-01", YELLOW + "Airport_fee cbd_congestion_fee"),
        ("yellow", "2026-05", YELLOW + "Airport_fee cbd_congestion_fee"),
        ("yellow", "2026-06", YELLOW + "Airport_fee cbd_congestion_fee request_source"),
        ("yellow", "2031-01", YELLOW + "Airport_fee cbd_congestion_fee request_source"),
        ("green", "2019-01", GREEN),
        ("green", "2024-12", GREEN),
        ("green", "2025-01", GREEN + "cbd_congestion_fee"),
        ("green", "2026-06", GREEN + "cbd_congestion_fee request_source"),
        ("fhv", "2019-01", FHV),
        ("fhv", "2026-07", FHV),
        ("fhvhv", "2019-02", FHVHV),
        ("fhvhv", "2024-12", FHVHV),
        ("fhvhv", "2025-01", FHVHV + "cbd_congestion_fee"),
        ("fhvhv", "2026-08", FHVHV + "cbd_congestion_fee"),
    ],
)
def test_a_month_has_the_columns_that_tlc_published(service: str, key: str, names: str) -> None:
    assert file_schema(service, key).names == names.split()


@pytest.mark.parametrize(
    ("service", "name", "key", "arrow_type"),
    [
        ("yellow", "VendorID", "2023-01", "int64"),
        ("yellow", "VendorID", "2023-02", "int32"),
        ("yellow", "passenger_count", "2019-01", "double"),
        ("yellow", "passenger_count", "2023-02", "int64"),
        ("yellow", "RatecodeID", "2023-01", "double"),
        ("yellow", "payment_type", "2019-01", "int64"),
        ("yellow", "payment_type", "2023-02", "int64"),
        ("yellow", "store_and_fwd_flag", "2023-01", "string"),
        ("yellow", "store_and_fwd_flag", "2023-02", "large_string"),
        ("yellow", "tpep_pickup_datetime", "2019-01", "timestamp[us]"),
        ("yellow", "congestion_surcharge", "2019-01", "double"),
        ("yellow", "airport_fee", "2019-01", "null"),
        ("yellow", "airport_fee", "2020-07", "null"),
        ("yellow", "airport_fee", "2020-08", "double"),
        ("yellow", "airport_fee", "2020-09", "double"),
        ("yellow", "airport_fee", "2020-10", "null"),
        ("yellow", "airport_fee", "2020-11", "double"),
        ("yellow", "request_source", "2026-06", "large_string"),
        ("green", "payment_type", "2023-01", "double"),
        ("green", "trip_type", "2023-02", "int64"),
        ("green", "ehail_fee", "2019-08", "double"),
        ("green", "ehail_fee", "2019-09", "null"),
        ("green", "ehail_fee", "2023-01", "null"),
        ("green", "ehail_fee", "2023-02", "double"),
        ("fhv", "SR_Flag", "2019-02", "double"),
        ("fhv", "SR_Flag", "2019-03", "null"),
        ("fhv", "SR_Flag", "2023-02", "int64"),
        ("fhv", "PUlocationID", "2019-04", "double"),
        ("fhv", "PUlocationID", "2019-06", "int64"),
        ("fhv", "PUlocationID", "2020-07", "double"),
        ("fhv", "DOlocationID", "2020-07", "int64"),
        ("fhv", "DOlocationID", "2023-02", "int64"),
        ("fhvhv", "PULocationID", "2023-01", "int64"),
        ("fhvhv", "PULocationID", "2023-02", "int32"),
        ("fhvhv", "airport_fee", "2019-06", "null"),
        ("fhvhv", "airport_fee", "2019-07", "double"),
        ("fhvhv", "airport_fee", "2020-04", "null"),
        ("fhvhv", "airport_fee", "2020-10", "null"),
        ("fhvhv", "wav_match_flag", "2019-03", "null"),
        ("fhvhv", "wav_match_flag", "2019-04", "string"),
    ],
)
def test_a_column_has_the_type_that_tlc_published(
    service: str, name: str, key: str, arrow_type: str
) -> None:
    assert file_schema(service, key).field(name).type == pa.type_for_alias(arrow_type)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("key", "compression", "statistics"),
    [
        ("2023-01", "gzip", True),
        ("2023-02", "zstd", False),
        ("2024-06", "zstd", False),
        ("2024-08", "zstd", True),
        ("2026-07", "zstd", True),
    ],
)
def test_a_month_is_compressed_and_described_as_tlc_wrote_it(
    service: str, key: str, compression: str, statistics: bool
) -> None:
    era = service_schema(service).era(TripMonth.parse(service, key))
    assert (era.compression, era.statistics) == (compression, statistics)


@pytest.mark.parametrize("service", SERVICES)
def test_eras_follow_one_another_without_gap_and_the_newest_is_open(service: str) -> None:
    eras = service_schema(service).eras
    for era, following in pairwise(eras):
        assert era.last is not None
        after = TripMonth.parse(service, era.last).next_first_day
        assert following.first == f"{after:%Y-%m}"
    assert eras[-1].last is None


@pytest.mark.parametrize("service", SERVICES)
def test_every_file_column_means_one_canonical_column_of_its_own(service: str) -> None:
    schema = service_schema(service)
    for era in schema.eras:
        meanings = [column.canonical for column in era.columns]
        assert len(set(meanings)) == len(meanings)
        assert set(meanings) < {column.name for column in schema.columns}


def test_a_spelling_of_the_file_leads_to_the_canonical_name() -> None:
    eras = service_schema("fhv").eras + service_schema("yellow").eras
    meanings = {column.name: column.canonical for era in eras for column in era.columns}
    assert meanings["dropOff_datetime"] == "dropoff_datetime"
    assert meanings["PUlocationID"] == "PULocationID"
    assert meanings["Airport_fee"] == "airport_fee"


def test_a_month_without_an_era_is_refused_with_the_declared_range() -> None:
    with pytest.raises(Terminal, match=r"yellow 2018-12: no schema.*yellow from 2019-01 to today"):
        service_schema("yellow").era(TripMonth("yellow", 2018, 12))
