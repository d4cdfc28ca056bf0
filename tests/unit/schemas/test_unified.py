"""The unified columns: each is made of columns of its own kind, and says what it is."""

import pytest

from pipeline.core.months import SERVICES
from pipeline.schemas import service_schema
from pipeline.schemas.unified import SERVICE_COLUMN, unified_columns, unified_sources

COLUMNS = {column.name: column for column in unified_columns()}


def names(service):
    return {unified: [column.name for column in sources]
            for unified, sources in unified_sources(service).items()}  # fmt: skip


def test_the_names_are_snake_case_and_described():
    assert len(COLUMNS) == len(unified_columns())
    for column in unified_columns():
        assert column.name.isidentifier() and column.name == column.name.lower()
        assert column.description.endswith(".")


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_declares_is_a_unified_column_of_the_same_kind(service):
    for name, sources in unified_sources(service).items():
        assert {source.kind for source in sources} == {COLUMNS[name].kind}, name
        assert len(sources) == 1 or COLUMNS[name].kind == "float64", name


@pytest.mark.parametrize("service", SERVICES)
def test_what_plays_a_part_in_a_service_is_unified(service):
    roles, unified = service_schema(service).roles, names(service)
    parts = {
        "pickup_datetime": roles.pickup_time,
        "dropoff_datetime": roles.dropoff_time,
        "pickup_location_id": roles.pickup_zone,
        "dropoff_location_id": roles.dropoff_zone,
        "trip_distance": roles.trip_distance,
        "fare_amount": roles.fare_amount,
    }
    assert {part: unified.get(part, [None]) for part in parts} == {
        part: [name] for part, name in parts.items()
    }
    assert roles.total_amount is None or unified["total_amount"] == [roles.total_amount]


def test_every_unified_column_is_published_by_a_service():
    published = {name for service in SERVICES for name in unified_sources(service)}
    assert published | {SERVICE_COLUMN} == COLUMNS.keys()


def test_the_total_of_fhvhv_is_all_that_its_passenger_is_charged_and_says_so():
    money = [column.name for column in service_schema("fhvhv").columns
             if column.unit == "US dollars" and column.name != "driver_pay"]  # fmt: skip
    first, *others = names("fhvhv")["total_amount"]
    assert first == "base_passenger_fare"
    assert sorted([first, *others]) == sorted(money)
    assert all(name in COLUMNS["total_amount"].description for name in money)


def test_a_unified_text_never_means_a_flag():
    # A text made of a column with codes is shown in words: meant for companies, not for Y and N.
    coded = [(service, name) for service in SERVICES
             for name, (first, *_) in unified_sources(service).items()
             if COLUMNS[name].kind == "string" and first.codes]  # fmt: skip
    assert coded == [("fhvhv", "company")]


def test_coordinates_stay_in_the_table_of_their_service():
    sources = {name for column in names("yellow").values() for name in column}
    assert not {name for name in sources if "itude" in name}
