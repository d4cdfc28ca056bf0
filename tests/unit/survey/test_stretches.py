"""Months in a row of which the same is to be said are told of once."""

from support.months import months

from pipeline.survey.stretches import stretches


def told(found, alike=lambda month: None):
    return [str(stretch) for stretch in stretches(found, alike)]


def test_a_stretch_goes_over_the_end_of_a_year_and_ends_at_a_gap_and_with_its_service():
    found = [*months("green", "2020-11..2021-02"), *months("green", "2021-04"),
             *months("fhv", "2021-05..2021-06")]  # fmt: skip
    assert told(found) == [
        "green 2020-11 to 2021-02 (4 months)",
        "green 2021-04",
        "fhv 2021-05 to 2021-06 (2 months)",
    ]


def test_a_stretch_ends_where_something_else_is_to_be_said():
    found = months("green", "2021-01..2021-04")
    assert told(found, lambda month: month.month > 3) == [
        "green 2021-01 to 2021-03 (3 months)",
        "green 2021-04",
    ]
