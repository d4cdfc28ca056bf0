"""The type of every column in every month, against what is known of TLC's files.

Each line says the months and the Arrow type in them; a later line wins over an earlier one, and
in all other months the column is not in the file. ``null`` is a column without any value.
"""

import pytest
from support.months import months, within

from pipeline.core.months import FIRST_MONTHS, SERVICES
from pipeline.schemas import service_schema

YELLOW = {
    "VendorID": "2009-01..2010-12 string, 2011-01..2023-01 int64, 2023-02.. int32",
    "tpep_pickup_datetime": "2009-01..2010-12 string, 2011-01.. timestamp[us]",
    "tpep_dropoff_datetime": "2009-01..2010-12 string, 2011-01.. timestamp[us]",
    "passenger_count": "2009-01.. int64, 2018-07..2023-01 double",
    "trip_distance": "2009-01.. double",
    "RatecodeID": """2009-01..2009-12 double, 2010-01..2010-12 string, 2010-02..2010-03 int64,
        2011-01..2018-06 int64, 2018-07..2023-01 double, 2023-02.. int64""",
    "store_and_fwd_flag": """2009-01..2009-12 double, 2010-01..2023-01 string,
        2023-02.. large_string""",
    "PULocationID": "2011-01..2023-01 int64, 2023-02.. int32",
    "DOLocationID": "2011-01..2023-01 int64, 2023-02.. int32",
    "payment_type": "2009-01..2010-12 string, 2011-01.. int64",
    "fare_amount": "2009-01.. double",
    "extra": "2009-01.. double",
    "mta_tax": "2009-01.. double",
    "tip_amount": "2009-01.. double",
    "tolls_amount": "2009-01.. double",
    "improvement_surcharge": "2011-01.. double, 2014-08 null",
    "total_amount": "2009-01.. double",
    "congestion_surcharge": """2011-01..2018-12 null, 2019-01.. double, 2011-01 double,
        2011-03 double, 2012-12 double, 2013-05 double, 2014-01 double, 2018-01 double,
        2018-06 double, 2018-09 double, 2018-11 double""",
    "airport_fee": """2011-01.. double, 2011-02..2017-12 null, 2018-02..2020-07 null,
        2020-10 null""",
    "cbd_congestion_fee": "2025-01.. double",
    "request_source": "2026-06.. large_string",
    "pickup_longitude": "2009-01..2010-12 double",
    "pickup_latitude": "2009-01..2010-12 double",
    "dropoff_longitude": "2009-01..2010-12 double",
    "dropoff_latitude": "2009-01..2010-12 double",
}
GREEN = {
    "VendorID": "2014-01..2023-01 int64, 2023-02.. int32",
    "lpep_pickup_datetime": "2014-01.. timestamp[us]",
    "lpep_dropoff_datetime": "2014-01.. timestamp[us]",
    "store_and_fwd_flag": "2014-01..2023-01 string, 2023-02.. large_string",
    "RatecodeID": "2014-01..2023-01 double, 2023-02.. int64",
    "PULocationID": "2014-01..2023-01 int64, 2023-02.. int32",
    "DOLocationID": "2014-01..2023-01 int64, 2023-02.. int32",
    "passenger_count": "2014-01..2023-01 double, 2023-02.. int64",
    "trip_distance": "2014-01.. double",
    "fare_amount": "2014-01.. double",
    "extra": "2014-01.. double",
    "mta_tax": "2014-01.. double",
    "tip_amount": "2014-01.. double",
    "tolls_amount": "2014-01.. double",
    "ehail_fee": "2014-01.. double, 2014-02 null, 2019-09..2023-01 null",
    "improvement_surcharge": "2014-01.. double, 2014-02 null",
    "total_amount": "2014-01.. double",
    "payment_type": "2014-01..2023-01 double, 2023-02.. int64",
    "trip_type": "2014-01..2023-01 double, 2023-02.. int64",
    "congestion_surcharge": "2014-01..2018-12 null, 2019-01.. double",
    "cbd_congestion_fee": "2025-01.. double",
    "request_source": "2026-06.. large_string",
}
FHV = {
    "dispatching_base_num": "2015-01..2023-01 string, 2023-02.. large_string",
    "pickup_datetime": "2015-01.. timestamp[us]",
    "dropoff_datetime": "2015-01.. timestamp[us]",
    "PULocationID": "2015-01..2023-01 double, 2019-05..2019-06 int64, 2023-02.. int64",
    "DOLocationID": """2015-01..2023-01 double, 2019-05..2019-06 int64, 2020-07 int64,
        2023-02.. int64""",
    "SR_Flag": """2015-01..2016-12 null, 2017-01..2019-02 double, 2019-03..2023-01 null,
        2023-02.. int64""",
    "Affiliated_base_number": "2015-01..2023-01 string, 2023-02.. large_string",
}
TEXT = "2019-02..2023-01 string, 2023-02.. large_string"
FHVHV = {
    **dict.fromkeys(("hvfhs_license_num", "dispatching_base_num", "originating_base_num"), TEXT),
    "request_datetime": "2019-02.. timestamp[us]",
    "on_scene_datetime": "2019-02.. timestamp[us]",
    "pickup_datetime": "2019-02.. timestamp[us]",
    "dropoff_datetime": "2019-02.. timestamp[us]",
    "PULocationID": "2019-02..2023-01 int64, 2023-02.. int32",
    "DOLocationID": "2019-02..2023-01 int64, 2023-02.. int32",
    "trip_miles": "2019-02.. double",
    "trip_time": "2019-02.. int64",
    "base_passenger_fare": "2019-02.. double",
    "tolls": "2019-02.. double",
    "bcf": "2019-02.. double",
    "sales_tax": "2019-02.. double",
    "congestion_surcharge": "2019-02.. double",
    "airport_fee": "2019-02.. double, 2019-02..2019-06 null, 2020-04 null, 2020-10 null",
    "tips": "2019-02.. double",
    "driver_pay": "2019-02.. double",
    **dict.fromkeys(("shared_request_flag", "shared_match_flag"), TEXT),
    **dict.fromkeys(("access_a_ride_flag", "wav_request_flag"), TEXT),
    "wav_match_flag": f"{TEXT}, 2019-02..2019-03 null",
    "cbd_congestion_fee": "2025-01.. double",
}
TOLD = {"yellow": YELLOW, "green": GREEN, "fhv": FHV, "fhvhv": FHVHV}


def type_told(timeline: str, key: str) -> str | None:
    told = (line.split() for line in timeline.split(","))
    types = [arrow_type for run, arrow_type in told if within(run, key)]
    return types[-1] if types else None


def test_the_timelines_tell_of_every_canonical_column() -> None:
    for service in SERVICES:
        names = [column.name for column in service_schema(service).columns]
        assert ["source_month", *TOLD[service]] == names


@pytest.mark.parametrize(
    ("service", "name"), [(service, name) for service, columns in TOLD.items() for name in columns]
)
def test_a_column_has_in_every_month_the_type_that_tlc_published(service: str, name: str) -> None:
    schema = service_schema(service)
    for month in months(service, f"{FIRST_MONTHS[service]:%Y-%m}.."):
        held = [column for column in schema.era(month).columns if column.canonical == name]
        told = type_told(TOLD[service][name], month.key)
        assert [column.type_in(month) for column in held] == ([told] if told else []), month
