"""What words stand for, and what rules do to values."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.normalize.values import mapped, ruled
from pipeline.schemas import Rule, ValueMapping

MAPPING = ValueMapping("payment", {"cash": 2, "no charge": 3, "1.0": 1}, "a test")


def test_a_word_is_known_whatever_its_case_and_the_blanks_around_it() -> None:
    words = pa.array(["cash", "CASH", " Cash ", "No Charge", "1.0"])
    values, unknown = mapped(words, MAPPING, pa.int64())
    assert values.equals(pa.array([2, 2, 2, 3, 1]))
    assert unknown == {}


def test_an_unknown_word_becomes_null_and_is_counted_as_it_was() -> None:
    words = pa.array(["Crx", "cash", "crx", None, "Crx", ""])
    values, unknown = mapped(words, MAPPING, pa.int64())
    assert values.to_pylist() == [None, 2, None, None, None, None]
    assert unknown == {"Crx": 2, "crx": 1, "": 1}


def test_null_stays_null_and_is_no_unknown_word() -> None:
    values, unknown = mapped(pa.nulls(3, pa.string()), MAPPING, pa.int64())
    assert values.equals(pa.nulls(3, pa.int64()))
    assert unknown == {}


def test_words_may_stand_for_words() -> None:
    mapping = ValueMapping("flag", {"1": "Y", "0": "N"}, "a test")
    values, _ = mapped(pa.array(["1", "0", "2"]), mapping, pa.string())
    assert values.equals(pa.array(["Y", "N", None]))


@pytest.mark.parametrize(
    ("steps", "before", "after"),
    [
        (["trim"], ["B01124         ", "\tB\u00a0", "", None], ["B01124", "B", "", None]),
        (["upper"], ["b02510", "\u00e9", None], ["B02510", "\u00e9", None]),
        (["trim", "upper"], [" b1 ", "B2"], ["B1", "B2"]),
        (["blank_to_null"], [" ", "", "\t\u00a0", " Y", None], [None, None, None, " Y", None]),
        (["zero_to_null"], [0.0, -0.0, 1e-9, -73.9, None], [None, None, 1e-9, -73.9, None]),
        (["zero_to_null"], [0, 1, None], [None, 1, None]),
    ],
    ids=str,
)
def test_a_rule_does_its_steps_one_after_another(
    steps: list[str], before: list[Any], after: list[Any]
) -> None:
    values = ruled(pa.array(before), Rule("rule", tuple(steps), "", ""))
    assert values.equals(pa.array(after, pa.array(before).type))


def test_a_rule_leaves_nan_and_part_of_an_array_alone() -> None:
    rule = Rule("rule", ("zero_to_null",), "", "")
    values = ruled(pa.array([0.0, float("nan"), 0.0, 2.0])[1:], rule)
    assert str(values.to_pylist()) == "[nan, None, 2.0]"
