import pytest

from pipeline.report.words import rows, seconds, share, size


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (999, "999"), (1_000, "1 k"), (12_657_985, "12.7 M"), (999_900, "1,000 k"),
     (1_861_000_000, "1.86 bn")],
)  # fmt: skip
def test_rows_are_said_with_three_digits(count, said):
    assert rows(count) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (7, "7 B"), (21_686_067, "21.7 MB"), (2e12, "2 TB")]
)
def test_bytes_are_said_with_three_digits_and_their_unit(count, said):
    assert size(count) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 %"), (1, "100 %"), (0.0123, "1.23 %"), (1e-6, "< 0.001 %"), (0.999, "99.9 %")],
)
def test_a_share_that_is_there_is_never_said_to_be_none(value, said):
    assert share(value) == said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (0.84, "0.8 s"),
        (41.6, "42 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
    ],
)
def test_a_time_is_said_in_the_units_of_people(time, said):
    assert seconds(time) == said
