"""A table that is not as defined is refused with both sides, before anything is changed."""

import pytest
from google.cloud.bigquery import Table

from pipeline.bigquery import tables
from pipeline.bigquery.definitions import trips_table
from pipeline.core.errors import Terminal
from pipeline.schemas import service_schema


def wanted():
    return trips_table(service_schema("yellow"))


def column(name, **attributes):
    def change(definition):
        for field in definition["schema"]["fields"]:
            field.update(attributes if field["name"] == name else {})

    return change


def without(name):
    def change(definition):
        fields = definition["schema"]["fields"]
        definition["schema"]["fields"] = [field for field in fields if field["name"] != name]

    return change


def of_somebody_else(definition):
    without("extra")(definition)
    del definition["labels"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (column("fare_amount", type="STRING"),
         "columns; seen: {'fare_amount': 'STRING'}; expected: {'fare_amount': 'FLOAT64'}"),
        (column("fare_amount", mode="REQUIRED"),
         "columns; seen: {'fare_amount': 'FLOAT64 REQUIRED'}; expected: {'fare_amount': 'FLOAT"),
        (column("source_month", mode="NULLABLE"),
         "columns; seen: {'source_month': 'DATE'}; expected: {'source_month': 'DATE REQUIRED'}"),
        (without("source_month"), "columns; seen: {'source_month': 'missing'}; expected: {"),
        (of_somebody_else, "columns; seen: {'extra': 'missing'}; expected: {'extra': 'FLOAT64'}"),
        (lambda definition: definition.pop("timePartitioning"),
         "partitioning; seen: none; expected: MONTH on source_month"),
    ],
    ids=["type", "narrower", "wider", "required missing", "not ours", "partitioning"],
)  # fmt: skip
def test_a_table_that_differs_is_refused_side_by_side(change, told):
    definition = wanted().to_api_repr()
    change(definition)
    with pytest.raises(Terminal) as refused:
        tables._extend(Table.from_api_repr(definition), wanted())
    assert f"yellow_trips exists with other {told}" in str(refused.value)


def test_the_older_names_of_types_other_cases_and_more_columns_are_no_difference():
    definition = wanted().to_api_repr()
    for field in definition["schema"]["fields"]:
        field["type"] = {"INT64": "INTEGER", "FLOAT64": "FLOAT"}.get(field["type"], field["type"])
        field["name"] = field["name"].upper()
    definition["schema"]["fields"].append({"name": "note", "type": "STRING", "mode": "REQUIRED"})
    tables._extend(Table.from_api_repr(definition), wanted())
