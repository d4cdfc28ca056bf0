"""An independent reading of a published file: the canonical month in DuckDB's SQL, by hand.

Belongs here: what every canonical column should be, as SQL on the raw file. Not here: anything out
of ``pipeline``, which is held against this.

A line of a table is a canonical column, its value, and the file's column where text is parsed; or
the names of columns that are as published. DuckDB finds names whatever their case.
"""

from pathlib import Path

import duckdb

# Canonical columns and their types in BigQuery.
CANONICAL = {
    "yellow": """
        VendorID INT64, tpep_pickup_datetime DATETIME, tpep_dropoff_datetime DATETIME,
        passenger_count INT64, trip_distance FLOAT64, RatecodeID INT64, store_and_fwd_flag STRING,
        PULocationID INT64, DOLocationID INT64, payment_type INT64, fare_amount FLOAT64,
        extra FLOAT64, mta_tax FLOAT64, tip_amount FLOAT64, tolls_amount FLOAT64,
        improvement_surcharge FLOAT64, total_amount FLOAT64, congestion_surcharge FLOAT64,
        airport_fee FLOAT64, cbd_congestion_fee FLOAT64, request_source STRING,
        pickup_longitude FLOAT64, pickup_latitude FLOAT64, dropoff_longitude FLOAT64,
        dropoff_latitude FLOAT64""",
    "green": """
        VendorID INT64, lpep_pickup_datetime DATETIME, lpep_dropoff_datetime DATETIME,
        store_and_fwd_flag STRING, RatecodeID INT64, PULocationID INT64, DOLocationID INT64,
        passenger_count INT64, trip_distance FLOAT64, fare_amount FLOAT64, extra FLOAT64,
        mta_tax FLOAT64, tip_amount FLOAT64, tolls_amount FLOAT64, ehail_fee FLOAT64,
        improvement_surcharge FLOAT64, total_amount FLOAT64, payment_type INT64, trip_type INT64,
        congestion_surcharge FLOAT64, cbd_congestion_fee FLOAT64, request_source STRING""",
    "fhv": """
        dispatching_base_num STRING, pickup_datetime DATETIME, dropoff_datetime DATETIME,
        PULocationID INT64, DOLocationID INT64, SR_Flag INT64, Affiliated_base_number STRING""",
    "fhvhv": """
        hvfhs_license_num STRING, dispatching_base_num STRING, originating_base_num STRING,
        request_datetime DATETIME, on_scene_datetime DATETIME, pickup_datetime DATETIME,
        dropoff_datetime DATETIME, PULocationID INT64, DOLocationID INT64, trip_miles FLOAT64,
        trip_time INT64, base_passenger_fare FLOAT64, tolls FLOAT64, bcf FLOAT64,
        sales_tax FLOAT64, congestion_surcharge FLOAT64, airport_fee FLOAT64, tips FLOAT64,
        driver_pay FLOAT64, shared_request_flag STRING, shared_match_flag STRING,
        access_a_ride_flag STRING, wav_request_flag STRING, wav_match_flag STRING,
        cbd_congestion_fee FLOAT64""",
}

VENDOR = "WHEN 'CMT' THEN 1 WHEN 'VTS' THEN 2 WHEN 'DDS' THEN 3 END"
PAYMENT = (
    "WHEN 'CREDIT' THEN 1 WHEN 'CRE' THEN 1 WHEN 'CRD' THEN 1"
    " WHEN 'CASH' THEN 2 WHEN 'CAS' THEN 2 WHEN 'CSH' THEN 2"
    " WHEN 'NO CHARGE' THEN 3 WHEN 'NO' THEN 3 WHEN 'DISPUTE' THEN 4 WHEN 'DIS' THEN 4 END"
)
STORED = (
    "WHEN '1' THEN 'Y' WHEN '1.0' THEN 'Y' WHEN 'Y' THEN 'Y'"
    " WHEN '0' THEN 'N' WHEN '0.0' THEN 'N' WHEN 'N' THEN 'N' END"
)

YELLOW_2009 = f"""
VendorID              | CASE upper(trim(vendor_name)) {VENDOR}
tpep_pickup_datetime  | TRY_CAST(trim(Trip_Pickup_DateTime) AS TIMESTAMP)  | Trip_Pickup_DateTime
tpep_dropoff_datetime | TRY_CAST(trim(Trip_Dropoff_DateTime) AS TIMESTAMP) | Trip_Dropoff_DateTime
passenger_count       | Passenger_Count
trip_distance         | Trip_Distance
RatecodeID            | Rate_Code
store_and_fwd_flag    | CASE store_and_forward WHEN 1 THEN 'Y' WHEN 0 THEN 'N' END
payment_type          | CASE upper(trim(Payment_Type)) {PAYMENT}
fare_amount           | Fare_Amt
extra                 | surcharge
tip_amount            | Tip_Amt
tolls_amount          | Tolls_Amt
total_amount          | Total_Amt
pickup_longitude      | nullif(Start_Lon, 0)
pickup_latitude       | nullif(Start_Lat, 0)
dropoff_longitude     | nullif(End_Lon, 0)
dropoff_latitude      | nullif(End_Lat, 0)
mta_tax
"""

YELLOW_2010 = f"""
VendorID              | CASE upper(trim(vendor_id)) {VENDOR}
tpep_pickup_datetime  | TRY_CAST(trim(pickup_datetime) AS TIMESTAMP)       | pickup_datetime
tpep_dropoff_datetime | TRY_CAST(trim(dropoff_datetime) AS TIMESTAMP)      | dropoff_datetime
RatecodeID            | TRY_CAST(trim(rate_code::VARCHAR) AS DOUBLE)       | rate_code
store_and_fwd_flag    | CASE upper(trim(store_and_fwd_flag)) {STORED}
payment_type          | CASE upper(trim(payment_type)) {PAYMENT}
extra                 | surcharge
pickup_longitude      | nullif(pickup_longitude, 0)
pickup_latitude       | nullif(pickup_latitude, 0)
dropoff_longitude     | nullif(dropoff_longitude, 0)
dropoff_latitude      | nullif(dropoff_latitude, 0)
passenger_count trip_distance fare_amount mta_tax tip_amount tolls_amount total_amount
"""

YELLOW = """
VendorID tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance RatecodeID
store_and_fwd_flag PULocationID DOLocationID payment_type fare_amount extra mta_tax tip_amount
tolls_amount improvement_surcharge total_amount congestion_surcharge airport_fee
"""

GREEN = """
VendorID lpep_pickup_datetime lpep_dropoff_datetime store_and_fwd_flag RatecodeID PULocationID
DOLocationID passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount
ehail_fee improvement_surcharge total_amount payment_type trip_type congestion_surcharge
"""

FHV = """
dispatching_base_num   | upper(trim(dispatching_base_num))
dropoff_datetime       | dropOff_datetime
PULocationID           | PUlocationID
DOLocationID           | DOlocationID
Affiliated_base_number | upper(trim(Affiliated_base_number))
pickup_datetime SR_Flag
"""

FHVHV = """
dispatching_base_num | upper(trim(dispatching_base_num))
originating_base_num | upper(trim(originating_base_num))
shared_request_flag  | if(trim(shared_request_flag::VARCHAR) <> '', shared_request_flag, NULL)
shared_match_flag    | if(trim(shared_match_flag::VARCHAR) <> '', shared_match_flag, NULL)
access_a_ride_flag   | if(trim(access_a_ride_flag::VARCHAR) <> '', access_a_ride_flag, NULL)
wav_request_flag     | if(trim(wav_request_flag::VARCHAR) <> '', wav_request_flag, NULL)
wav_match_flag       | if(trim(wav_match_flag::VARCHAR) <> '', wav_match_flag, NULL)
hvfhs_license_num request_datetime on_scene_datetime pickup_datetime dropoff_datetime PULocationID
DOLocationID trip_miles trip_time base_passenger_fare tolls bcf sales_tax congestion_surcharge
airport_fee tips driver_pay
"""

CONGESTION_ZONE = "\ncbd_congestion_fee"
REQUEST_SOURCE = "\nrequest_source"

# The table in force from a month on, until the service's next one.
TABLES = (
    ("yellow", "2009-01", YELLOW_2009),
    ("yellow", "2010-01", YELLOW_2010),
    ("yellow", "2011-01", YELLOW),
    ("yellow", "2025-01", YELLOW + CONGESTION_ZONE),
    ("yellow", "2026-06", YELLOW + CONGESTION_ZONE + REQUEST_SOURCE),
    ("green", "2014-01", GREEN),
    ("green", "2025-01", GREEN + CONGESTION_ZONE),
    ("green", "2026-06", GREEN + CONGESTION_ZONE + REQUEST_SOURCE),
    ("fhv", "2015-01", FHV),
    ("fhvhv", "2019-02", FHVHV),
    ("fhvhv", "2025-01", FHVHV + CONGESTION_ZONE),
)

DUCKDB = {"INT64": "BIGINT", "FLOAT64": "DOUBLE", "STRING": "VARCHAR", "DATETIME": "TIMESTAMP"}
REFUSED = {
    "INT64": """
        WHEN {value} <> floor({value}) THEN 'not_an_integer'
        WHEN abs({value}) >= 9223372036854775808 THEN 'out_of_range'""",
    "DATETIME": "WHEN year({value}) NOT BETWEEN 1 AND 9999 THEN 'out_of_range'",
}
UNREADABLE = {"INT64": "unparseable_number", "DATETIME": "unparseable_timestamp"}


def read(connection: duckdb.DuckDBPyConnection, path: Path, service: str, month: str) -> None:
    """Make a table named as the month: ``source_row``, ``reason``, ``refused``, canonical columns.

    ``refused`` names the first canonical column that cannot hold the row's value, and ``reason``
    says why; both are null where the row is kept. Rows are in the file's order.
    """
    kinds, lines = canonical(service), table(service, month)
    values = [f"TRY_CAST({lines.get(name, ('NULL',))[0]} AS {DUCKDB[kind]}) AS \"{name}\""
              for name, kind in kinds.items()]  # fmt: skip
    refusals = [refusal(name, kinds[name], *lines[name]) for name in kinds if name in lines]
    refused = f"coalesce({', '.join(filter(None, refusals))})"
    connection.execute(f"""
        CREATE OR REPLACE TABLE "{month}" AS
        SELECT file_row_number AS source_row, split_part({refused}, ' ', 1) AS reason,
            split_part({refused}, ' ', 2) AS refused, {", ".join(values)}
        FROM read_parquet('{path}', file_row_number = true) ORDER BY source_row""")


def canonical(service: str) -> dict[str, str]:
    """The service's canonical columns and their types in BigQuery."""
    pairs = (pair.split() for pair in CANONICAL[service].split(","))
    return {name: kind for name, kind in pairs}


def table(service: str, month: str) -> dict[str, list[str]]:
    """For each canonical column that the file has: its value, and the text it is parsed from."""
    text = [text for of, first, text in TABLES if of == service and first <= month][-1]
    lines: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        name, *told = (cell.strip() for cell in line.split("|"))
        lines |= {name: told} if told else {each: [each] for each in name.split()}
    return lines


def refusal(name: str, kind: str, value: str, text: str = "") -> str:
    """The reason and the column, or null, as SQL; nothing where any value is good."""
    told = REFUSED.get(kind, "").format(value=f"({value})")
    if text:
        told += f" WHEN {text} IS NOT NULL AND ({value}) IS NULL THEN '{UNREADABLE[kind]}'"
    return f"(CASE {told} END) || ' {name}'" if told else ""
