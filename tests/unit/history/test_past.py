"""Whether a load belongs to a run that is known."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.history.past import covers
from pipeline.history.run import Run

BEGAN, ENDED = datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 1, 7, tzinfo=UTC)
RUN = Run("1", "some", "user", "LoadAll", "", "h", BEGAN, ENDED, 1, 0, "done", "", 1, 0)


@pytest.mark.parametrize(
    ("moment", "is_its"),
    [
        (BEGAN, True),
        (ENDED + timedelta(seconds=0.9), True),
        (BEGAN - timedelta(seconds=1), False),
        (ENDED + timedelta(seconds=1), False),
    ],
)
def test_a_load_is_a_runs_where_the_run_was_under_way_to_the_second(moment: datetime, is_its: bool):
    assert covers(RUN, moment) is is_its
