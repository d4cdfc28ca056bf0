"""Two versions of a month at different places: the older place is told, and made the newer."""

from collections.abc import Iterator

import pytest
from support.loaded_world import FEBRUARY, ROWS, World
from support.verified import found, mend

NORMALIZE = "luigi --module pipeline NormalizeMonth --service yellow --year 2021 --month 2"


@pytest.fixture
def republished(world: World) -> Iterator[World]:
    """February is another one at its publisher."""
    world.publish(FEBRUARY, ROWS[FEBRUARY] + 10)
    yield world
    world.publish(FEBRUARY, ROWS[FEBRUARY])
    for to in ("bigquery", "postgres"):
        assert world.mend(f"tlc redo yellow 2021-02 --to {to}") == 0
    assert found(world) == {}


def test_a_newer_month_on_this_disk_is_brought_everywhere(republished: World) -> None:
    assert republished.mend(f"{NORMALIZE} --redo-from download") == 0
    told = found(republished)
    assert {*told} == {("yellow 2021-02", "lake"), ("yellow 2021-02", "postgres")}
    mend(republished, told)
    assert found(republished) == {}
    assert republished.rows(FEBRUARY) == (ROWS[FEBRUARY] + 10,) * 3


def test_postgres_that_was_left_behind_is_told_by_what_the_others_hold(republished: World) -> None:
    assert republished.mend("tlc redo yellow 2021-02") == 0
    told = found(republished)
    assert {*told} == {("yellow 2021-02", "postgres")}
    mend(republished, told)
    assert found(republished) == {}


def test_a_canonical_file_of_another_version_than_the_raw_one_is_made_again(world: World) -> None:
    world.publish(FEBRUARY, ROWS[FEBRUARY] + 10)
    download = NORMALIZE.replace("NormalizeMonth", "DownloadMonth")
    assert world.mend(f"{download} --redo-from download") == 0
    told = found(world)
    world.publish(FEBRUARY, ROWS[FEBRUARY])
    assert {*told} == {("yellow 2021-02", "normalize")}
    assert world.mend(f"{NORMALIZE} --redo-from download") == 0
    assert found(world) == {}
