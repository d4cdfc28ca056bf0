"""The declared eras, against what is known of TLC's files month by month."""

from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pytest
from support.months import months

from pipeline.core.errors import Terminal
from pipeline.core.months import FIRST_MONTHS, SERVICES, TripMonth
from pipeline.schemas import service_schema

YELLOW_2009 = """
    vendor_name Trip_Pickup_DateTime Trip_Dropoff_DateTime Passenger_Count Trip_Distance Start_Lon
    Start_Lat Rate_Code store_and_forward End_Lon End_Lat Payment_Type Fare_Amt surcharge mta_tax
    Tip_Amt Tolls_Amt Total_Amt
"""
YELLOW_2010 = """
    vendor_id pickup_datetime dropoff_datetime passenger_count trip_distance pickup_longitude
    pickup_latitude rate_code store_and_fwd_flag dropoff_longitude dropoff_latitude payment_type
    fare_amount surcharge mta_tax tip_amount tolls_amount total_amount
"""
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


def file_schema(month: TripMonth) -> pa.Schema:
    return service_schema(month.service).era(month).file_schema(month)


@pytest.mark.parametrize(
    ("service", "told", "number", "names"),
    [
        ("yellow", "2009-01..2009-12", 18, YELLOW_2009),
        ("yellow", "2010-01", 18, YELLOW_2010),
        ("yellow", "2010-02..2010-03", 19, YELLOW_2010 + "__index_level_0__"),
        ("yellow", "2010-04..2010-12", 18, YELLOW_2010),
        ("yellow", "2011-01..2023-01", 19, YELLOW + "airport_fee"),
        ("yellow", "2023-02..2024-12", 19, YELLOW + "Airport_fee"),
        ("yellow", "2025-01..2026-05", 20, YELLOW + "Airport_fee cbd_congestion_fee"),
        ("yellow", "2026-06..", 21, YELLOW + "Airport_fee cbd_congestion_fee request_source"),
        ("green", "2014-01..2024-12", 20, GREEN),
        ("green", "2025-01..2026-05", 21, GREEN + "cbd_congestion_fee"),
        ("green", "2026-06..", 22, GREEN + "cbd_congestion_fee request_source"),
        ("fhv", "2015-01..", 7, FHV),
        ("fhvhv", "2019-02..2024-12", 24, FHVHV),
        ("fhvhv", "2025-01..", 25, FHVHV + "cbd_congestion_fee"),
    ],
)
def test_every_month_has_the_columns_that_tlc_published(
    service: str, told: str, number: int, names: str
) -> None:
    assert len(names.split()) == number
    assert {tuple(file_schema(month).names) for month in months(service, told)} == {
        tuple(names.split())
    }


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("told", "compression", "statistics"),
    [
        ("2009-01..2023-01", "gzip", True),
        ("2023-02..2024-06", "zstd", False),
        ("2024-08..", "zstd", True),
    ],
)
def test_a_month_is_compressed_and_described_as_tlc_wrote_it(
    service: str, told: str, compression: str, statistics: bool
) -> None:
    schema = service_schema(service)
    first = max(told[:7], f"{FIRST_MONTHS[service]:%Y-%m}")
    for month in months(service, first + told[7:]):
        era = schema.era(month)
        assert (era.compression, era.statistics) == (compression, statistics)
        assert era.row_group_rows == (None if compression == "gzip" else 1_048_576)


@pytest.mark.parametrize("service", SERVICES)
def test_eras_follow_one_another_from_the_first_month_on_and_the_newest_is_open(
    service: str,
) -> None:
    eras = service_schema(service).eras
    assert eras[0].first == f"{FIRST_MONTHS[service]:%Y-%m}"
    for era, following in pairwise(eras):
        assert era.last is not None
        after = TripMonth.parse(service, era.last).next_first_day
        assert following.first == f"{after:%Y-%m}"
    assert eras[-1].last is None


@pytest.mark.parametrize("service", SERVICES)
def test_every_file_column_means_one_canonical_column_of_its_own_or_nothing(service: str) -> None:
    schema = service_schema(service)
    for era in schema.eras:
        meanings = [column.canonical for column in era.columns if column.canonical]
        assert len(set(meanings)) == len(meanings)
        assert set(meanings) < {column.name for column in schema.columns}
        silent = {column.name for column in era.columns if column.canonical is None}
        assert silent <= {"__index_level_0__"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_era_says_in_a_sentence_what_sets_it_apart(service: str) -> None:
    for era in service_schema(service).eras:
        assert era.about.endswith("."), era.name
        assert all(told.endswith(".") for told in era.unsettled), era.name


def test_what_is_not_settled_of_an_era_is_not_said_of_those_that_extend_it() -> None:
    eras = {era.name: era for era in service_schema("yellow").eras}
    assert any("airport_fee" in told for told in eras["zones"].unsettled)
    assert not any("airport_fee" in told for told in eras["double-counts"].unsettled)
    assert eras["zstd"].unsettled == ()


@pytest.mark.parametrize(
    ("service", "key", "spelling", "canonical"),
    [
        ("yellow", "2009-01", "vendor_name", "VendorID"),
        ("yellow", "2009-01", "surcharge", "extra"),
        ("yellow", "2009-01", "End_Lat", "dropoff_latitude"),
        ("yellow", "2010-01", "PICKUP_datetime", "tpep_pickup_datetime"),
        ("yellow", "2010-02", "__index_level_0__", None),
        ("yellow", "2023-01", "airport_fee", "airport_fee"),
        ("yellow", "2023-02", "Airport_fee", "airport_fee"),
        ("fhv", "2019-01", "dropOff_datetime", "dropoff_datetime"),
        ("fhv", "2019-01", "PUlocationID", "PULocationID"),
    ],
)
def test_a_spelling_of_the_file_leads_to_the_canonical_name(
    service: str, key: str, spelling: str, canonical: str | None
) -> None:
    column = service_schema(service).era(TripMonth.parse(service, key)).column(spelling)
    assert column is not None
    assert column.canonical == canonical


def test_a_spelling_that_an_era_does_not_have_leads_nowhere() -> None:
    era = service_schema("yellow").era(TripMonth("yellow", 2011, 1))
    assert era.column("pickup_longitude") is None


def test_a_month_without_an_era_is_refused_with_the_declared_range() -> None:
    schema = service_schema("yellow")
    later = replace(schema, eras=schema.eras[4:])
    with pytest.raises(Terminal, match=r"yellow 2010-12: no schema.*yellow from 2011-01 to today"):
        later.era(TripMonth("yellow", 2010, 12))
