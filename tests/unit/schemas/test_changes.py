"""Differences between two eras, in a made-up service of two or three eras."""

from dataclasses import replace

import pytest

from pipeline.schemas import Era, FileColumn, ServiceSchema, service_schema
from pipeline.schemas.changes import Changes, Flip, era_changes, flips

NOTHING = Changes(new=(), gone=(), renamed=(), retyped=(), moved=())


def column(
    name: str, arrow_type: str = "int64", means: str | None = "", **types: str
) -> FileColumn:
    """Return a column; ``types`` are other types, each with its months, ``2015-01..2015-12``."""
    ends = {kind: (run[:7], run[-7:]) for kind, run in types.items()}
    canonical = None if means is None else means or name
    exceptions = {kind: (pair,) for kind, pair in ends.items()}
    return FileColumn(name, arrow_type, canonical, None, exceptions)


def era(first: str, last: str | None, *columns: FileColumn) -> Era:
    return replace(service_schema("fhv").eras[0], first=first, last=last, columns=columns)


def schema(*eras: Era) -> ServiceSchema:
    return replace(service_schema("fhv"), eras=eras)


def changes(before: list[FileColumn], after: list[FileColumn]) -> Changes | None:
    eras = era("2015-01", "2015-12", *before), era("2016-01", None, *after)
    return era_changes(schema(*eras), eras[1])


def test_the_first_era_differs_from_nothing() -> None:
    declared = service_schema("yellow")
    assert era_changes(declared, declared.eras[0]) is None


def test_the_same_columns_are_no_change() -> None:
    same = [column("a"), column("b", "double"), column("index", means=None)]
    assert changes(same, same) == NOTHING


def test_columns_come_and_go() -> None:
    told = changes([column("a"), column("b")], [column("b"), column("c"), column("d")])
    assert told == replace(NOTHING, new=("c", "d"), gone=("a",))


def test_a_column_that_means_nothing_comes_and_goes_too() -> None:
    told = changes([column("a")], [column("a"), column("index", means=None)])
    assert told == replace(NOTHING, new=("index",))


def test_a_name_for_the_same_column_is_a_new_name() -> None:
    told = changes([column("Fee", means="fee")], [column("fee", means="fee")])
    assert told == replace(NOTHING, renamed=(("Fee", "fee"),))


def test_a_type_is_compared_as_the_months_on_either_side_have_it() -> None:
    before, after = column("a", "double", int64="2015-12"), column("a", "double", int32="2016-01")
    assert changes([before], [after]) == replace(NOTHING, retyped=(("a", "int64", "int32"),))


@pytest.mark.parametrize(("before", "after"), [("null", "double"), ("double", "null")])
def test_an_empty_column_has_no_type_to_change(before: str, after: str) -> None:
    assert changes([column("a", before)], [column("a", after)]) == NOTHING


def test_a_column_that_stands_elsewhere_has_moved() -> None:
    before = [column(name) for name in "abcd"]
    after = [column(name) for name in "bcad"]
    assert changes(before, after) == replace(NOTHING, moved=("a",))


def test_new_and_gone_columns_move_no_other() -> None:
    before = [column(name) for name in "abcd"]
    after = [column(name) for name in "xacdy"]
    assert changes(before, after) == replace(NOTHING, new=("x", "y"), gone=("b",))


def test_a_column_whose_type_differs_between_the_months_of_an_era_is_told_with_them() -> None:
    mixed = column("a", "double", int64="2015-02..2015-03", null="2015-12")
    only = era("2015-01", "2015-12", mixed, column("b"))
    others = {"int64": (("2015-02", "2015-03"),), "null": (("2015-12", "2015-12"),)}
    assert flips(schema(only), only) == [Flip("a", "double", others)]


def test_the_usual_type_of_an_era_is_that_of_most_of_its_months() -> None:
    only = era("2015-01", "2015-12", column("a", "double", null="2015-03..2016-06"))
    assert flips(schema(only), only) == [Flip("a", "null", {"double": (("2015-01", "2015-02"),)})]


def test_a_column_that_is_always_empty_is_told_without_months() -> None:
    only = era("2015-01", "2015-12", column("a", "double", null="2014-01..2016-06"))
    assert flips(schema(only), only) == [Flip("a", "null", {})]


def test_an_era_that_goes_on_is_looked_at_to_the_newest_month_that_is_known() -> None:
    open_era = era("2026-03", None, column("a", "double", null="2026-04..2027-01"))
    assert flips(schema(open_era), open_era) == [
        Flip("a", "double", {"null": (("2026-04", "2026-04"),)})
    ]
    later = era("2031-01", None, column("a", "double"))
    assert flips(schema(later), later) == []
