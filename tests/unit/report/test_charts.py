"""The drawings: what is known is drawn to scale, and what is not leaves a gap."""

import pytest

from pipeline.report.charts import Tick, nice_top, steps, years


def test_each_known_month_is_a_step_to_scale():
    drawn = steps([5, 10], 100, 40, top=10)
    assert drawn.path == "M0.0 40V20.0H50.0V0.0H100.0V40Z"


def test_what_is_not_known_leaves_a_gap_and_nothing_is_no_gap():
    drawn = steps([10, None, 0, 10], 100, 40, top=10)
    assert drawn.path == "M0.0 40V0.0H25.0V40ZM50.0 40V40.0H75.0V0.0H100.0V40Z"


def test_what_is_little_is_still_seen():
    assert "V39.4H" in steps([1, 1_000_000], 100, 40).path


@pytest.mark.parametrize("values", [[], [None, None], [0, 0]])
def test_nothing_at_all_can_be_drawn(values):
    assert steps(values, 100, 40).top == 1


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.1, 2), (24_000_000, 25_000_000), (5.01, 10), (0.03, 0.05)]
)
def test_the_scale_ends_at_a_round_number_that_is_not_below(value, top):
    assert nice_top(value) == pytest.approx(top)


def test_years_are_labelled_where_they_begin_and_never_too_densely():
    assert years(2024, 24, 240) == [Tick(0.0, "2024"), Tick(120.0, "2025")]
    assert [tick.label for tick in years(2009, 18 * 12, 280)] == [
        *("2009", "2012", "2015", "2018", "2021", "2024")
    ]
    assert len(years(1900, 200 * 12, 280)) <= 6
