"""Columns are found by name, whatever its case and place; what cannot be matched is refused."""

import pyarrow as pa
import pytest

from pipeline.core.errors import Terminal
from pipeline.core.months import TripMonth
from pipeline.normalize.conform import Conformer
from pipeline.normalize.match import Layout, match_columns
from pipeline.schemas import service_schema

YELLOW = TripMonth("yellow", 2021, 1)


def file_schema(month: TripMonth) -> pa.Schema:
    return service_schema(month.service).era(month).file_schema(month)


def places(layout: Layout) -> dict[str, int | None]:
    return {match.column.name: match.index for match in layout.matches}


def without(schema: pa.Schema, name: str) -> pa.Schema:
    return schema.remove(schema.get_field_index(name))


def test_columns_are_found_by_name_not_by_place() -> None:
    schema = file_schema(YELLOW)
    backwards = pa.schema(reversed(list(schema)))
    found = places(match_columns(backwards, YELLOW))
    assert found["VendorID"] == len(schema) - 1
    assert found["airport_fee"] == 0


def test_the_case_of_a_name_does_not_matter() -> None:
    shouted = pa.schema([pa.field(field.name.upper(), field.type) for field in file_schema(YELLOW)])
    assert places(match_columns(shouted, YELLOW)) == places(
        match_columns(file_schema(YELLOW), YELLOW)
    )


def test_a_column_that_the_era_does_not_have_yet_is_null() -> None:
    layout = match_columns(file_schema(YELLOW), YELLOW)
    assert places(layout)["request_source"] is None
    batch = pa.RecordBatch.from_pylist([{"VendorID": 1}], schema=file_schema(YELLOW))
    assert Conformer(YELLOW, layout).conform(batch).kept["request_source"].to_pylist() == [None]


def test_a_column_ahead_of_its_era_is_taken() -> None:
    early = file_schema(YELLOW).append(pa.field("cbd_congestion_fee", pa.float64()))
    assert places(match_columns(early, YELLOW))["cbd_congestion_fee"] == len(early) - 1


def test_a_missing_column_is_named() -> None:
    with pytest.raises(Terminal, match="yellow 2021-01: the file lacks fare_amount; seen: Vend"):
        match_columns(without(file_schema(YELLOW), "fare_amount"), YELLOW)


@pytest.mark.parametrize(
    ("renamed", "told"),
    [
        (
            {"passenger_count": "passengers_count"},
            "lacks passenger_count; passengers_count is closest;",
        ),
        ({"passenger_count": "PASSENGER_CNT"}, "lacks passenger_count; PASSENGER_CNT is closest;"),
        ({"VendorID": "vendor_id"}, "lacks VendorID; vendor_id is closest;"),
        ({"passenger_count": "surge"}, "lacks passenger_count; seen"),
        (
            {"extra": "extras", "mta_tax": "mta_taxes"},
            "lacks extra, mta_tax; extras is closest to extra; mta_taxes is closest to mta_tax;",
        ),
        ({"fare_amount": "fare_amount_" + "x" * 5}, "fare_amount_xxxxx is closest;"),
    ],
    ids=str,
)
def test_a_new_spelling_is_named_as_the_closest(renamed: dict[str, str], told: str) -> None:
    names = [renamed.get(name, name) for name in file_schema(YELLOW).names]
    with pytest.raises(Terminal, match=told):
        match_columns(pa.schema([(name, pa.int64()) for name in names]), YELLOW)


def test_a_file_of_very_many_columns_is_refused_in_a_short_line() -> None:
    schema = pa.schema([(f"fare_amount{number}", pa.int64()) for number in range(10_000)])
    with pytest.raises(Terminal, match=r"fare_amount19 and 9,980 more") as refused:
        match_columns(schema, YELLOW)
    assert len(str(refused.value)) < 2000


COORDINATES = TripMonth("yellow", 2009, 5)


def test_the_months_era_knows_best_what_a_name_means() -> None:
    layout = match_columns(file_schema(COORDINATES), COORDINATES)
    names = layout.file_schema.names
    meant = {m.column.name: names[m.index] for m in layout.matches if m.index is not None}
    assert meant["extra"] == "surcharge"
    assert meant["tpep_pickup_datetime"] == "Trip_Pickup_DateTime"
    assert layout.unknown_names == []


def test_a_table_of_words_is_for_the_spelling_that_the_era_declares() -> None:
    published = match_columns(file_schema(COORDINATES), COORDINATES)
    assert published.matches[0].mapping is not None
    names = ["VendorID" if n == "vendor_name" else n for n in file_schema(COORDINATES).names]
    respelled = match_columns(pa.schema([(n, pa.int64()) for n in names]), COORDINATES)
    assert respelled.matches[0].index == 0
    assert respelled.matches[0].mapping is None


def test_a_spelling_of_the_era_and_the_canonical_one_are_the_same_column() -> None:
    doubled = file_schema(COORDINATES).append(pa.field("FARE_AMOUNT", pa.float64()))
    with pytest.raises(Terminal, match="fare_amount more than once; seen: Fare_Amt, FARE_AMOUNT"):
        match_columns(doubled, COORDINATES)


@pytest.mark.parametrize("other", ["green", "fhv", "fhvhv"])
def test_a_file_of_another_service_is_called_by_its_name(other: str) -> None:
    with pytest.raises(Terminal, match=f"it looks like a file of service {other};"):
        match_columns(file_schema(TripMonth(other, 2021, 1)), YELLOW)


def test_two_spellings_of_one_column_are_refused() -> None:
    doubled = file_schema(YELLOW).append(pa.field("Airport_fee", pa.float64()))
    with pytest.raises(Terminal, match="airport_fee more than once; seen: airport_fee, Airport"):
        match_columns(doubled, YELLOW)


def test_unknown_columns_are_told_but_not_the_index_of_pandas() -> None:
    extended = file_schema(YELLOW)
    for name in ("surge", "__index_level_0__", "mood"):
        extended = extended.append(pa.field(name, pa.int64()))
    assert match_columns(extended, YELLOW).unknown_names == ["surge", "mood"]


def conform_with(name: str, values: pa.Array) -> pa.RecordBatch:
    schema = file_schema(YELLOW)
    place = schema.get_field_index(name)
    batch = pa.RecordBatch.from_pylist([{}] * len(values), schema=schema)
    batch = batch.set_column(place, pa.field(name, values.type), values)
    return Conformer(YELLOW, match_columns(batch.schema, YELLOW)).conform(batch).kept


@pytest.mark.parametrize(
    ("name", "values", "kind", "closest"),
    [
        ("fare_amount", pa.array([[1.0]]), "float64", "double"),
        ("fare_amount", pa.array([{"cents": 1}]), "float64", "double"),
        ("tpep_pickup_datetime", pa.array([0], pa.time64("ns")), "datetime", "timestamp[ns]"),
        ("store_and_fwd_flag", pa.array([1.0]), "string", "string"),
        (
            "store_and_fwd_flag",
            pa.array([["Y"]], pa.list_(pa.large_string())),
            "string",
            "large_string",
        ),
    ],
    ids=str,
)
def test_a_column_of_the_wrong_kind_is_named_with_the_closest_type(
    name: str, values: pa.Array, kind: str, closest: str
) -> None:
    with pytest.raises(Terminal, match=f"column {name} is of the wrong kind") as refused:
        conform_with(name, values)
    assert f"seen: {values.type}; expected: {kind}, or a type" in str(refused.value)
    assert f"; {closest} is closest; next" in str(refused.value)


def test_a_word_of_a_type_that_no_table_reads_is_refused() -> None:
    month, schema = COORDINATES, file_schema(COORDINATES)
    batch = pa.RecordBatch.from_pylist([{}], schema=schema)
    batch = batch.set_column(0, "vendor_name", pa.array([True]))
    with pytest.raises(Terminal, match="column vendor_name is of the wrong kind; seen: bool"):
        Conformer(month, match_columns(batch.schema, month)).conform(batch)


def test_a_column_without_values_may_be_of_any_type() -> None:
    kept = conform_with("store_and_fwd_flag", pa.array([None, None], pa.float64()))
    assert kept["store_and_fwd_flag"].to_pylist() == [None, None]
