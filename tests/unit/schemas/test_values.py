"""The rules and mappings, against what is known of TLC's values and of those who read them."""

import pytest

from pipeline.core.months import SERVICES
from pipeline.schemas import service_schema
from pipeline.schemas.values import STEPS, mappings, rules, word

COORDINATES = ["pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"]
BASES = {
    "fhv": ["dispatching_base_num", "Affiliated_base_number"],
    "fhvhv": ["dispatching_base_num", "originating_base_num"],
}
FLAGS = [
    "shared_request_flag",
    "shared_match_flag",
    "access_a_ride_flag",
    "wav_request_flag",
    "wav_match_flag",
]


@pytest.mark.parametrize(
    ("name", "steps", "columns"),
    [
        ("licence", ("trim", "upper"), BASES),
        ("flag", ("blank_to_null",), {"fhvhv": FLAGS}),
        ("coordinate", ("zero_to_null",), {"yellow": COORDINATES}),
    ],
)
def test_a_rule_is_followed_by_exactly_its_columns(
    name: str, steps: tuple[str, ...], columns: dict[str, list[str]]
) -> None:
    rule = rules()[name]
    assert rule.steps == steps
    for service in SERVICES:
        following = [c.name for c in service_schema(service).columns if c.rule == rule]
        assert following == columns.get(service, [])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vendor", {"CMT": 1, "VTS": 2, "DDS": 3}),
        (
            "payment",
            {
                **dict.fromkeys(("Credit", "CREDIT", "CRE", "Cre", "CRD"), 1),
                **dict.fromkeys(("Cash", "CASH", "CAS", "Cas", "CSH"), 2),
                **dict.fromkeys(("No Charge", "No ", "NO"), 3),
                **dict.fromkeys(("Dispute", "DIS", "Dis"), 4),
            },
        ),
        ("store_and_forward", {"1": "Y", "1.0": "Y", "y": "Y", "0": "N", "0.0": "N", "n": "N"}),
    ],
)
def test_a_word_of_the_files_stands_for_a_code(name: str, values: dict[str, int | str]) -> None:
    mapping = mappings()[name]
    assert {text: mapping.values.get(word(text)) for text in values} == values
    assert {*map(word, values)} == {*mapping.values}


@pytest.mark.parametrize("text", ["", "NA", "ABC", "5", "2.0", "credit card"])
def test_a_word_that_no_table_knows_stands_for_nothing(text: str) -> None:
    assert not any(word(text) in mapping.values for mapping in mappings().values())


def test_a_code_that_a_word_stands_for_is_a_valid_code_of_its_column() -> None:
    schema = service_schema("yellow")
    mapped = [c for era in schema.eras for c in era.columns if c.mapping]
    assert {c.mapping.name for c in mapped if c.mapping} == {*mappings()}
    for column in mapped:
        assert column.mapping is not None
        assert column.canonical is not None
        codes = schema.column(column.canonical).codes
        assert {str(value) for value in column.mapping.values.values()} <= {*codes}


def test_only_the_words_of_2009_and_2010_are_mapped() -> None:
    for service in SERVICES:
        for era in service_schema(service).eras:
            mapped = {column.canonical for column in era.columns if column.mapping}
            words = {"VendorID", "payment_type", "store_and_fwd_flag"}
            assert mapped == (words if era.first < "2011" else set())


def test_every_rule_and_mapping_names_its_source() -> None:
    for told in (*rules().values(), *mappings().values()):
        assert told.source.endswith(".") and len(told.source) > 40, told.name
    assert {step for rule in rules().values() for step in rule.steps} == {*STEPS}
