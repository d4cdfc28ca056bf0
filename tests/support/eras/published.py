"""What TLC's file of a month holds, told a second time: its columns, their types, its form.

Belongs here: what was seen in the published files. Not here: anything out of ``pipeline``, which
is held against this, and values (``rows.py``).

    columns("yellow", "2010-02")   # {"vendor_id": "string", "pickup_datetime": "string", ...}
    form("2021-01")                # {"compression": "gzip", "write_statistics": True}
"""

from functools import cache

from support.months import within

# Names in file order. A table is in force until the service's next one.
NAMES = """
yellow 2009-01 vendor_name Trip_Pickup_DateTime Trip_Dropoff_DateTime Passenger_Count Trip_Distance
    Start_Lon Start_Lat Rate_Code store_and_forward End_Lon End_Lat Payment_Type Fare_Amt surcharge
    mta_tax Tip_Amt Tolls_Amt Total_Amt
yellow 2010-01 vendor_id pickup_datetime dropoff_datetime passenger_count trip_distance
    pickup_longitude pickup_latitude rate_code store_and_fwd_flag dropoff_longitude dropoff_latitude
    payment_type fare_amount surcharge mta_tax tip_amount tolls_amount total_amount
yellow 2010-02 vendor_id pickup_datetime dropoff_datetime passenger_count trip_distance
    pickup_longitude pickup_latitude rate_code store_and_fwd_flag dropoff_longitude dropoff_latitude
    payment_type fare_amount surcharge mta_tax tip_amount tolls_amount total_amount
    __index_level_0__
yellow 2010-04 vendor_id pickup_datetime dropoff_datetime passenger_count trip_distance
    pickup_longitude pickup_latitude rate_code store_and_fwd_flag dropoff_longitude dropoff_latitude
    payment_type fare_amount surcharge mta_tax tip_amount tolls_amount total_amount
yellow 2011-01 VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance
    RatecodeID store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax
    tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge airport_fee
yellow 2023-02 VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance
    RatecodeID store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax
    tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge Airport_fee
yellow 2025-01 VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance
    RatecodeID store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax
    tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge Airport_fee
    cbd_congestion_fee
yellow 2026-06 VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance
    RatecodeID store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax
    tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge Airport_fee
    cbd_congestion_fee request_source
green 2014-01 VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID
    PULocationID DOLocationID passenger_count trip_distance fare_amount extra mta_tax tip_amount
    tolls_amount ehail_fee improvement_surcharge total_amount payment_type trip_type
    congestion_surcharge
green 2025-01 VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID
    PULocationID DOLocationID passenger_count trip_distance fare_amount extra mta_tax tip_amount
    tolls_amount ehail_fee improvement_surcharge total_amount payment_type trip_type
    congestion_surcharge cbd_congestion_fee
green 2026-06 VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID
    PULocationID DOLocationID passenger_count trip_distance fare_amount extra mta_tax tip_amount
    tolls_amount ehail_fee improvement_surcharge total_amount payment_type trip_type
    congestion_surcharge cbd_congestion_fee request_source
fhv 2015-01 dispatching_base_num pickup_datetime dropOff_datetime PUlocationID DOlocationID SR_Flag
    Affiliated_base_number
fhvhv 2019-02 hvfhs_license_num dispatching_base_num originating_base_num request_datetime
    on_scene_datetime pickup_datetime dropoff_datetime PULocationID DOLocationID trip_miles
    trip_time base_passenger_fare tolls bcf sales_tax congestion_surcharge airport_fee tips
    driver_pay shared_request_flag shared_match_flag access_a_ride_flag wav_request_flag
    wav_match_flag
fhvhv 2025-01 hvfhs_license_num dispatching_base_num originating_base_num request_datetime
    on_scene_datetime pickup_datetime dropoff_datetime PULocationID DOLocationID trip_miles
    trip_time base_passenger_fare tolls bcf sales_tax congestion_surcharge airport_fee tips
    driver_pay shared_request_flag shared_match_flag access_a_ride_flag wav_request_flag
    wav_match_flag cbd_congestion_fee
"""

# Service, type, months, columns. A column is a double where no line speaks of it; a later line
# wins over an earlier one. Months are single ones or a range of which an end may be open.
TYPES = """
yellow | string        | ..               | vendor_name vendor_id rate_code Payment_Type
yellow | string        | ..2010-12        | payment_type pickup_datetime dropoff_datetime
yellow | string        | ..               | Trip_Pickup_DateTime Trip_Dropoff_DateTime
yellow | string        | ..               | store_and_fwd_flag
yellow | int64         | ..               | Passenger_Count passenger_count __index_level_0__
yellow | int64         | 2010-02..2010-03 | rate_code
yellow | timestamp[us] | ..               | tpep_pickup_datetime tpep_dropoff_datetime
yellow | int64         | 2011-01..        | VendorID RatecodeID payment_type
yellow | int64         | 2011-01..        | PULocationID DOLocationID
yellow | double        | 2018-07..2023-01 | passenger_count RatecodeID
yellow | null          | 2011-02..2018-12 | congestion_surcharge
yellow | double        | 2011-03 2012-12 2013-05 2014-01 2018-01 2018-06 | congestion_surcharge
yellow | double        | 2018-09 2018-11  | congestion_surcharge
yellow | null          | 2011-02..2017-12 2018-02..2020-07 2020-10 | airport_fee
yellow | null          | 2014-08          | improvement_surcharge
yellow | int32         | 2023-02..        | VendorID PULocationID DOLocationID
yellow | large_string  | 2023-02..        | store_and_fwd_flag request_source
green  | int64         | ..               | VendorID PULocationID DOLocationID
green  | timestamp[us] | ..               | lpep_pickup_datetime lpep_dropoff_datetime
green  | string        | ..               | store_and_fwd_flag
green  | null          | 2014-02          | ehail_fee improvement_surcharge
green  | null          | ..2018-12        | congestion_surcharge
green  | null          | 2019-09..2023-01 | ehail_fee
green  | int64         | 2023-02..        | RatecodeID passenger_count payment_type trip_type
green  | int32         | 2023-02..        | VendorID PULocationID DOLocationID
green  | large_string  | 2023-02..        | store_and_fwd_flag request_source
fhv    | string        | ..               | dispatching_base_num Affiliated_base_number
fhv    | timestamp[us] | ..               | pickup_datetime dropOff_datetime
fhv    | int64         | 2019-05..2019-06 | PUlocationID DOlocationID
fhv    | int64         | 2020-07          | DOlocationID
fhv    | null          | ..2016-12 2019-03..2023-01 | SR_Flag
fhv    | int64         | 2023-02..        | PUlocationID DOlocationID SR_Flag
fhv    | large_string  | 2023-02..        | dispatching_base_num Affiliated_base_number
fhvhv  | string        | ..2023-01        | hvfhs_license_num dispatching_base_num
fhvhv  | string        | ..2023-01        | originating_base_num shared_request_flag
fhvhv  | string        | ..2023-01        | shared_match_flag access_a_ride_flag
fhvhv  | string        | ..2023-01        | wav_request_flag wav_match_flag
fhvhv  | timestamp[us] | ..               | request_datetime on_scene_datetime
fhvhv  | timestamp[us] | ..               | pickup_datetime dropoff_datetime
fhvhv  | int64         | ..               | PULocationID DOLocationID trip_time
fhvhv  | null          | ..2019-03        | wav_match_flag
fhvhv  | null          | ..2019-06 2020-04 2020-10 | airport_fee
fhvhv  | int32         | 2023-02..        | PULocationID DOLocationID
fhvhv  | large_string  | 2023-02..        | hvfhs_license_num dispatching_base_num
fhvhv  | large_string  | 2023-02..        | originating_base_num shared_request_flag
fhvhv  | large_string  | 2023-02..        | shared_match_flag access_a_ride_flag
fhvhv  | large_string  | 2023-02..        | wav_request_flag wav_match_flag
"""


def columns(service: str, month: str) -> dict[str, str]:
    """The file's columns in file order, and the name of each one's Arrow type."""
    names = [told for of, first, *told in layouts() if of == service and first <= month][-1]
    return {name: arrow_type(service, name, month) for name in names}


def arrow_type(service: str, name: str, month: str) -> str:
    told = "double"
    for of, kind, months, which in flips():
        if of == service and name in which and any(within(each, month) for each in months):
            told = kind
    return told


def form(month: str) -> dict[str, object]:
    """How the file is written; until 2023-01 by pandas, and always as one row group here."""
    by_pandas = month <= "2023-01"
    return {
        "compression": "gzip" if by_pandas else "zstd",
        "write_statistics": by_pandas or month >= "2024-08",
    }


@cache
def layouts() -> list[list[str]]:
    return [entry.split() for entry in NAMES.replace("\n    ", " ").strip().splitlines()]


@cache
def flips() -> list[tuple[str, str, list[str], list[str]]]:
    rows = ([cell.strip() for cell in line.split("|")] for line in TYPES.strip().splitlines())
    return [(of, kind, months.split(), which.split()) for of, kind, months, which in rows]
