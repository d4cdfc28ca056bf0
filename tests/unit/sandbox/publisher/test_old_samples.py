"""Samples of the years before 2019: every era's layout, its words, and what it charged."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.months import SERVICES, TripMonth
from pipeline.sandbox.publisher.samples import write_sample
from pipeline.schemas import service_schema
from pipeline.schemas.values import mappings, word

ROWS = 4_000
FIRST_MONTHS = [
    TripMonth.parse(service, era.first)
    for service in SERVICES
    for era in service_schema(service).eras
]
ODD_MONTHS = [
    TripMonth("yellow", 2010, 3),
    TripMonth("yellow", 2014, 8),
    TripMonth("yellow", 2018, 1),
    TripMonth("green", 2014, 2),
    TripMonth("fhv", 2019, 5),
    TripMonth("fhvhv", 2020, 4),
]

Read = Callable[..., pa.Table]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """A month's sample, made once."""
    folder = tmp_path_factory.mktemp("samples")

    def table(*month: Any) -> pa.Table:
        path = folder / TripMonth(*month).file_name
        if not path.exists():
            write_sample(TripMonth(*month), ROWS, path)
        return pq.read_table(path)

    return table


def unknown(texts: list[str], mapping: str) -> list[str]:
    return [text for text in texts if word(text) not in mappings()[mapping].values]


@pytest.mark.parametrize("month", FIRST_MONTHS + ODD_MONTHS, ids=str)
def test_every_era_has_its_columns_types_and_one_row_group(
    month: TripMonth, tmp_path: Path
) -> None:
    write_sample(month, 100, tmp_path / "sample")
    file = pq.ParquetFile(tmp_path / "sample")
    assert file.schema_arrow == service_schema(month.service).era(month).file_schema(month)
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (100, 1)


@pytest.mark.parametrize(("year", "vendor"), [(2009, "vendor_name"), (2010, "vendor_id")])
def test_vendors_are_words_and_a_few_are_unknown(read: Read, year: int, vendor: str) -> None:
    counted = Counter(read("yellow", year, 6)[vendor].to_pylist())
    assert {"CMT", "VTS", "DDS"} < set(counted)
    assert 1 <= len(unknown(list(counted.elements()), "vendor")) <= ROWS // 500


@pytest.mark.parametrize(("year", "payment"), [(2009, "Payment_Type"), (2010, "payment_type")])
def test_payments_are_words_in_several_spellings_and_a_few_are_unknown(
    read: Read, year: int, payment: str
) -> None:
    texts = read("yellow", year, 6)[payment].to_pylist()
    known = mappings()["payment"].values
    spellings = Counter(known.get(word(text)) for text in set(texts))
    assert spellings.keys() == {1, 2, 3, 4, None}
    assert min(spellings[code] for code in (1, 2, 3, 4)) >= 4
    assert {"CASH", "Cash", "No "} <= set(texts)
    assert 1 <= len(unknown(texts, "payment")) <= ROWS // 500


@pytest.mark.parametrize("year", [2009, 2010])
def test_times_are_text(read: Read, year: int) -> None:
    table = read("yellow", year, 6)
    for name in table.column_names:
        if "date" in name.lower():
            texts = table[name].to_pylist()
            assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) for text in texts)
            assert sum(text.startswith(f"{year}-06") for text in texts) > 0.99 * ROWS


@pytest.mark.parametrize(
    ("year", "names"),
    [
        (2009, ("Start_Lon", "Start_Lat", "End_Lon", "End_Lat")),
        (2010, ("pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude")),
    ],
)
def test_trips_are_in_the_city_and_some_have_zeros(
    read: Read, year: int, names: tuple[str, ...]
) -> None:
    table = read("yellow", year, 6).select(names).to_pandas()
    lost = table[names[0]] == 0
    assert 0.005 < lost.mean() < 0.03
    assert (table[lost] == 0).all(axis=None)
    there = table[(table != 0).all(axis=1)]
    assert there[[names[0], names[2]]].stack().between(-74.3, -73.6).all()
    assert there[[names[1], names[3]]].stack().between(40.5, 41.0).all()


def test_the_flag_of_2009_is_a_number_and_that_of_2010_text(read: Read) -> None:
    first = read("yellow", 2009, 6)["store_and_forward"]
    assert set(first.to_pylist()) == {0.0, 1.0, None}
    texts = set(read("yellow", 2010, 6)["store_and_fwd_flag"].to_pylist())
    assert texts == {"0", "0.0", "N", "1", "1.0", "Y", None}


@pytest.mark.parametrize(("month", "values"), [(2, {1, 2, 5}), (6, {"1", "2", "5"})])
def test_rates_of_2010_are_numbers_or_text(read: Read, month: int, values: set[Any]) -> None:
    assert set(read("yellow", 2010, month)["rate_code"].to_pylist()) == values


def test_two_months_of_2010_have_an_index_that_pandas_left_behind(tmp_path: Path) -> None:
    for number, month in enumerate(range(1, 5)):
        write_sample(TripMonth("yellow", 2010, month), 9, tmp_path / f"{number}")
        assert ("__index_level_0__" in pq.read_schema(tmp_path / f"{number}").names) == (
            month in (2, 3)
        )
        frame = pd.read_parquet(tmp_path / f"{number}")
        assert frame.shape == (9, 18)
        assert list(frame.index) == list(range(9))


@pytest.mark.parametrize("year", [2009, 2010])
def test_duplicates_are_exact_and_reversals_negative(read: Read, year: int) -> None:
    frame = read("yellow", year, 6).to_pandas()
    assert frame.duplicated().any()
    total = frame["Total_Amt" if year == 2009 else "total_amount"]
    negative = frame.index[total < 0]
    assert ROWS // 1000 <= len(negative) <= ROWS // 100
    assert (total[negative].to_numpy() == -total[negative - 1].to_numpy()).all()


@pytest.mark.parametrize(
    ("month", "fare", "unit"),
    [((2009, 6), "Fare_Amt", 40), ((2012, 8), "fare_amount", 40), ((2012, 9), "fare_amount", 50)],
)
def test_fares_are_those_of_the_year(
    read: Read, month: tuple[int, int], fare: str, unit: int
) -> None:
    cents = {round(abs(amount) * 100) for amount in read("yellow", *month)[fare].to_pylist()}
    metered = cents - {4500, 5200}
    assert {(amount - 250) % unit for amount in metered} == {0}
    assert len(metered) > 40


@pytest.mark.parametrize(
    ("month", "name", "amounts"),
    [
        ((2009, 10), "mta_tax", {None}),
        ((2009, 11), "mta_tax", {0.5}),
        ((2014, 7), "improvement_surcharge", {0.0}),
        ((2014, 8), "improvement_surcharge", {None}),
        ((2015, 1), "improvement_surcharge", {0.3}),
        ((2018, 1), "congestion_surcharge", {None}),
        ((2018, 1), "airport_fee", {None}),
    ],
)
def test_a_charge_is_there_once_it_was_levied(
    read: Read, month: tuple[int, int], name: str, amounts: set[float | None]
) -> None:
    found = read("yellow", *month)[name].to_pylist()
    assert {amount and abs(amount) for amount in found} == amounts


def test_counts_are_whole_until_2018_06_and_have_gaps_from_then_on(read: Read) -> None:
    assert read("yellow", 2018, 6)["passenger_count"].null_count == 0
    assert 1 <= read("yellow", 2018, 7)["passenger_count"].null_count <= ROWS // 100


def test_the_first_years_of_for_hire_have_no_drop_offs_and_no_shared_rides(read: Read) -> None:
    table = read("fhv", 2016, 12)
    for name in ("dropOff_datetime", "DOlocationID", "SR_Flag"):
        assert table[name].null_count == ROWS
    assert 0 < table["PUlocationID"].null_count < ROWS
    assert set(read("fhv", 2017, 1)["SR_Flag"].to_pylist()) == {1.0, None}
    assert read("fhv", 2017, 1)["dropOff_datetime"].null_count == 0


@pytest.mark.parametrize(("year", "forms"), [(2018, {"B", "b", "B "}), (2019, {"B", "B "})])
def test_bases_are_padded_and_in_older_months_in_small_letters(
    read: Read, year: int, forms: set[str]
) -> None:
    bases = read("fhv", year, 1)["dispatching_base_num"].to_pylist()
    assert {re.sub(r"\d{5}( ?) *", r"\1", base) for base in bases} == forms
    assert {len(base) for base in bases} == {6, 15}
